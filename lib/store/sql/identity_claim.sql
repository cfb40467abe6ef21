-- Makes the addresses that are new, in key order (the same everywhere: no deadlock). $1 keys, $2 the ids
-- their contacts would get. Returns the ones made here; the next statement's snapshot sees all of them.
INSERT INTO email_identity (email_key, contact_id)
SELECT u.email_key, u.contact_id
FROM unnest($1::text[], $2::uuid[]) AS u (email_key, contact_id)
ORDER BY u.email_key COLLATE "C"
ON CONFLICT (email_key) DO NOTHING
RETURNING email_key, contact_id
