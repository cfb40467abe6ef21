-- Remembers marks ($1) of submissions ($2) that came at $3, until $4.
INSERT INTO form_trace (mark, at, submission_id, expires_at)
SELECT u.mark, $3::timestamptz, u.submission_id, u.expires_at
FROM unnest($1::uuid[], $2::uuid[], $4::timestamptz[]) AS u (mark, submission_id, expires_at)
ON CONFLICT DO NOTHING
