-- Claims form tokens for submissions, in the tokens' order (the same everywhere: no deadlock), of one token the first
-- that came. $1 tokens, $2 submissions, $3 when they may be forgotten. The next statement's snapshot sees whose they are.
INSERT INTO form_token_used (token, submission_id, expires_at)
SELECT u.token, u.submission_id, u.expires_at
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) WITH ORDINALITY AS u (token, submission_id, expires_at, n)
ORDER BY u.token, u.n
ON CONFLICT (token) DO NOTHING
