-- Locks contacts that have a handoff whose pause is over at $1; busy ones are for the next round. $2 bounds the
-- batch. As in sla_due_lock.sql the lock is the contact's, after a merge the survivor's.
-- LIMIT 1 where a key finds the row: so the plan is one lookup a row, whatever the statistics say.
WITH due AS MATERIALIZED (
    SELECT DISTINCT coalesce(m.merged_into, m.contact_id) AS contact_id
    FROM (SELECT contact_id FROM handoff WHERE paused_until <= $1::timestamptz
          ORDER BY paused_until LIMIT $2::int) AS p
    CROSS JOIN LATERAL (SELECT x.contact_id, x.merged_into FROM contact x WHERE x.contact_id = p.contact_id LIMIT 1)
        AS m)
SELECT d.contact_id FROM due d
WHERE pg_try_advisory_xact_lock(contact_lock_key(d.contact_id))
ORDER BY d.contact_id
