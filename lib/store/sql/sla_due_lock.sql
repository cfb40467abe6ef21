-- Locks contacts that have a clock to wake at $1; busy ones are for the next round. $2 bounds the batch.
-- The lock of the contact (after a merge: of the survivor) is what everything about it waits for, so nobody
-- changes the clock meanwhile. Who was merged into another one just before the lock is left out by what follows.
WITH due AS MATERIALIZED (
    SELECT DISTINCT coalesce(m.merged_into, m.contact_id) AS contact_id
    FROM (SELECT contact_id FROM sla_clock WHERE wake_at <= $1::timestamptz ORDER BY wake_at LIMIT $2::int) AS w
    JOIN contact m ON m.contact_id = w.contact_id)
SELECT d.contact_id FROM due d
WHERE pg_try_advisory_xact_lock(contact_lock_key(d.contact_id))
ORDER BY d.contact_id
