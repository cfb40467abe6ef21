-- Notifications, newest first: behind ($1, $2) (null: the newest), in one of the states $3, of one of the kinds $4, of
-- one of the channels $5, to $6 (null: to anybody). At most $7.
SELECT n.notification_id, n.kind, n.channel, n.recipient, n.mode, n.subject, n.contact_id, n.handoff_id, n.state, n.reason,
       n.error, n.attempts, n.message_id, n.event_at, n.created_at, n.due_at, n.settled_at
FROM notification n
WHERE n.state = ANY ($3::text[]) AND n.kind = ANY ($4::text[]) AND n.channel = ANY ($5::text[])
  AND ($6::text IS NULL OR n.recipient = $6::text)
  AND ($1::timestamptz IS NULL OR (n.created_at, n.notification_id) < ($1::timestamptz, $2::uuid))
ORDER BY n.created_at DESC, n.notification_id DESC
LIMIT $7::int
