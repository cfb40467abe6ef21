-- Locks contacts with an open handoff whose assignee is away: of the members $1, away since $2; with $3 somebody stands
-- in, without it is only noted, once. Busy contacts are for the next round. At most $4.
WITH away AS MATERIALIZED (
    SELECT DISTINCT coalesce(m.merged_into, m.contact_id) AS contact_id
    FROM (SELECT h.contact_id
          FROM unnest($1::uuid[], $2::timestamptz[], $3::boolean[]) AS a (member, since, has_stand_in)
          JOIN handoff h ON h.assignee = a.member AND h.closed_at IS NULL
          WHERE a.has_stand_in OR NOT EXISTS (
              SELECT FROM handoff_history w
              WHERE w.contact_id = h.contact_id AND w.handoff_id = h.handoff_id AND w.kind = 'waiting'
                AND w.member = a.member AND w.at >= a.since)
          LIMIT $4::int) AS p
    CROSS JOIN LATERAL (SELECT x.contact_id, x.merged_into FROM contact x WHERE x.contact_id = p.contact_id LIMIT 1)
        AS m)
SELECT a.contact_id FROM away a
WHERE pg_try_advisory_xact_lock(contact_lock_key(a.contact_id))
ORDER BY a.contact_id
