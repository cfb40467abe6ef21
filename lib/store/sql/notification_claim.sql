-- Takes what one message shall say: of an earlier attempt ($3 its id) the same, else all that is due for $2 on channel $1,
-- at most $5. It is the taker's for $6 seconds from $7 (now). $4 the message's id.
UPDATE notification n
SET message_id = $4::uuid, attempts = n.attempts + 1, due_at = $7::timestamptz + $6::float8 * interval '1 second'
WHERE n.notification_id IN (
    SELECT o.notification_id FROM notification o
    WHERE o.state = 'pending' AND o.channel = $1::text AND o.due_at <= $7::timestamptz AND o.recipient = $2::text
      AND o.message_id IS NOT DISTINCT FROM $3::uuid
    ORDER BY o.due_at, o.event_at, o.notification_id
    LIMIT $5::int)
RETURNING n.notification_id, n.attempts, n.due_at
