-- The contacts behind the numbers of the commitment $1 in the period that the moment $2 (null: the day $3, as days since
-- 1970) lies in, newest first: before the one at $4 with the id $5 (null: from the newest). At most $6. What is about no
-- contact, an expense, is left out. After a merge the survivor is shown.
WITH clock AS MATERIALIZED (SELECT relais_now() AS now),
organisation AS MATERIALIZED (
    SELECT e.body ->> 'time_zone' AS zone, e.body ->> 'currency' AS currency
    FROM catalog_entry e WHERE e.kind = 'organisation')
SELECT s.subject_id, s.at, e.contact_id, e.email, e.stage::text, h.handoff_id, d.deal_id, s.member, s.numerator,
       s.denominator, s.pending
FROM catalog_entry c
CROSS JOIN clock n
CROSS JOIN organisation o
CROSS JOIN LATERAL commitment_bounds(c.body #>> '{period,every}', c.body #>> '{period,starts}', o.zone,
                                     coalesce($2::timestamptz, local_day_start(date '1970-01-01' + $3::int, o.zone))) AS b
CROSS JOIN LATERAL commitment_subjects(c.id, b.since, b.until, o.zone, o.currency, n.now) AS s
JOIN contact m ON m.contact_id = s.contact_id
JOIN contact e ON e.contact_id = coalesce(m.merged_into, m.contact_id)
LEFT JOIN handoff h ON h.contact_id = s.contact_id AND h.handoff_id = s.subject_id
LEFT JOIN deal d ON d.contact_id = s.contact_id AND d.deal_id = s.subject_id
WHERE c.id = $1::uuid AND c.kind = 'commitment'
  AND (s.at, s.subject_id) < (coalesce($4::timestamptz, 'infinity'), coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY s.at DESC, s.subject_id DESC
LIMIT $6::int
