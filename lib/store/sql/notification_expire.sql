-- Forgets what was settled more than $1 seconds ago, of the $2 oldest.
DELETE FROM notification
WHERE notification_id IN (
    SELECT o.notification_id
    FROM (SELECT n.notification_id, n.state, n.settled_at FROM notification n ORDER BY n.created_at, n.notification_id LIMIT $2::int) o
    WHERE o.state <> 'pending' AND o.settled_at < (SELECT relais_now() - $1::float8 * interval '1 second'))
