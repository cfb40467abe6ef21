-- A notification that failed is tried again at once; of another nothing changes. $1 its id.
WITH again AS (
    UPDATE notification n
    SET state = 'pending', due_at = t.now, attempts = 0, settled_at = NULL, error = NULL
    FROM (SELECT relais_now() AS now) AS t
    WHERE n.notification_id = $1::uuid AND n.state = 'failed'
    RETURNING n.notification_id)
SELECT EXISTS (SELECT FROM again), n.state FROM notification n WHERE n.notification_id = $1::uuid
