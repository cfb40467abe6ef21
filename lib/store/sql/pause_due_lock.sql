-- Locks contacts that have a handoff whose pause is over at $1; busy ones are for the next round. $2 bounds the
-- batch. As in sla_due_lock.sql the lock is the contact's, after a merge the survivor's.
SELECT c.contact_id
FROM contact c
WHERE c.contact_id IN (SELECT coalesce(m.merged_into, m.contact_id)
                       FROM (SELECT contact_id FROM handoff WHERE paused_until <= $1::timestamptz
                             ORDER BY paused_until LIMIT $2::int) AS p
                       JOIN contact m ON m.contact_id = p.contact_id)
ORDER BY c.contact_id
FOR NO KEY UPDATE SKIP LOCKED
