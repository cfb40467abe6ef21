-- The message of channel $1 that waits longest, if nobody else has it or anything for the same recipient in hand just
-- now. The set-up's version beside it.
SELECT d.notification_id, d.recipient, d.message_id,
       pg_try_advisory_xact_lock(hashtextextended($1::text || ' ' || d.recipient, 7311)) AS is_ours, g.version, d.now
FROM (SELECT n.notification_id, n.recipient, n.message_id, t.now
      FROM (SELECT relais_now() AS now) AS t
      JOIN notification n ON n.state = 'pending' AND n.channel = $1::text AND n.due_at <= t.now
      ORDER BY n.due_at, n.notification_id
      LIMIT 1
      FOR UPDATE OF n SKIP LOCKED) AS d
CROSS JOIN catalog_head g
