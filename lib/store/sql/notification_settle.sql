-- What became of the notifications $1, if they are still the taker's (until $2): their state $3, why skipped ($4), what went
-- wrong ($5). Those that stay pending are tried again after $6 seconds, of mails within the hours of the member ($7 time
-- zone, $8 to $9 minutes of a day, $10 days; null: at any time); $11 takes an attempt back that was none;
-- what was never tried goes with whatever else is due then.
UPDATE notification n
SET state = $3::text, reason = $4::text, error = $5::text, attempts = n.attempts - $11::int,
    message_id = CASE WHEN n.attempts > $11::int THEN n.message_id END,
    settled_at = CASE WHEN $3::text <> 'pending' THEN t.now END,
    due_at = CASE WHEN $3::text <> 'pending' THEN n.due_at
                  WHEN $7::text IS NULL THEN t.now + $6::float8 * interval '1 second'
                  ELSE relais_told_at(t.now + $6::float8 * interval '1 second', $7::text, $8::int, $9::int, $10::int) END
FROM (SELECT relais_now() AS now) AS t
WHERE n.notification_id = ANY ($1::uuid[]) AND n.state = 'pending' AND n.due_at = $2::timestamptz
