-- One notification. $1 its id.
SELECT n.notification_id, n.kind, n.channel, n.recipient, n.mode, n.subject, n.contact_id, n.handoff_id, n.state, n.reason,
       n.error, n.attempts, n.message_id, n.event_at, n.created_at, n.due_at, n.settled_at
FROM notification n
WHERE n.notification_id = $1::uuid
