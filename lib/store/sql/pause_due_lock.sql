-- Locks contacts that have a handoff whose pause is over at $1; busy ones are for the next round. $2 bounds the
-- batch. As in sla_due_lock.sql the lock is the contact's, after a merge the survivor's.
-- LIMIT 1 where a key finds the row: so the plan is one lookup a row, whatever the statistics say.
SELECT c.contact_id
FROM contact c
WHERE c.contact_id = ANY (ARRAY(
    SELECT coalesce(m.merged_into, m.contact_id)
    FROM (SELECT contact_id FROM handoff WHERE paused_until <= $1::timestamptz
          ORDER BY paused_until LIMIT $2::int) AS p
    CROSS JOIN LATERAL (SELECT x.contact_id, x.merged_into FROM contact x WHERE x.contact_id = p.contact_id LIMIT 1)
        AS m))
ORDER BY c.contact_id
FOR NO KEY UPDATE SKIP LOCKED
