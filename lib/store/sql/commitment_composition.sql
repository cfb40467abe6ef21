-- Of what the numbers of the commitment $1 consist in the period that the moment $2 (null: the day $3, as days since
-- 1970) lies in: how many by channel, offer, fit, grade and outcome (of a handoff its state, else the contact's stage),
-- most first; as part 'sql' how many handoffs were qualified, and of how many.
WITH clock AS MATERIALIZED (SELECT relais_now() AS now),
organisation AS MATERIALIZED (
    SELECT e.body ->> 'time_zone' AS zone, e.body ->> 'currency' AS currency
    FROM catalog_entry e WHERE e.kind = 'organisation'),
subject AS MATERIALIZED (
    SELECT h.handoff_id, h.qualified_at,
           CASE WHEN h.handoff_id IS NOT NULL THEN h.snapshot #>> '{contact,channel}' ELSE e.channel END AS channel,
           h.trigger ->> 'offer' AS offer, h.snapshot #>> '{score,fit_grade}' AS fit,
           h.snapshot #>> '{score,grade}' AS grade, coalesce(h.state, e.stage::text) AS outcome
    FROM catalog_entry c
    CROSS JOIN clock n
    CROSS JOIN organisation o
    CROSS JOIN LATERAL commitment_bounds(c.body #>> '{period,every}', c.body #>> '{period,starts}', o.zone,
                                         coalesce($2::timestamptz, local_day_start(date '1970-01-01' + $3::int, o.zone)))
        AS b
    CROSS JOIN LATERAL commitment_subjects(c.id, b.since, b.until, o.zone, o.currency, n.now) AS s
    JOIN contact m ON m.contact_id = s.contact_id
    JOIN contact e ON e.contact_id = coalesce(m.merged_into, m.contact_id)
    LEFT JOIN handoff h ON h.contact_id = s.contact_id AND h.handoff_id = s.subject_id
    WHERE c.id = $1::uuid AND c.kind = 'commitment')
SELECT p.part, p.key, count(*)::bigint AS count, 0::bigint AS of_them
FROM subject s
CROSS JOIN LATERAL (VALUES ('channel', s.channel), ('offer', s.offer), ('fit', s.fit), ('grade', s.grade),
                           ('outcome', s.outcome)) AS p (part, key)
WHERE s.handoff_id IS NOT NULL OR p.part IN ('channel', 'outcome')
GROUP BY p.part, p.key
UNION ALL
SELECT 'sql', NULL, count(s.handoff_id)::bigint, count(s.qualified_at)::bigint FROM subject s
ORDER BY 1, 3 DESC, 2
