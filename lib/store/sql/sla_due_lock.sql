-- Locks contacts that have a clock to wake at $1; busy ones are for the next round. $2 bounds the batch.
-- The lock of the contact (after a merge: of the survivor) is what everything about it waits for, so nobody
-- changes the clock meanwhile.
SELECT c.contact_id
FROM contact c
WHERE c.contact_id IN (SELECT coalesce(m.merged_into, m.contact_id)
                       FROM (SELECT contact_id FROM sla_clock WHERE wake_at <= $1::timestamptz
                             ORDER BY wake_at LIMIT $2::int) AS w
                       JOIN contact m ON m.contact_id = w.contact_id)
ORDER BY c.contact_id
FOR NO KEY UPDATE SKIP LOCKED
