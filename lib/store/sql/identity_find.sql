-- Whose the addresses are ($1, sorted, each once). Those that are nobody's are made, in that order (the same
-- everywhere: no deadlock), for the contact of $2, unless that is null. An address that somebody else is just making
-- is waited for and then missing from the answer: this statement's snapshot does not see it.
WITH given AS MATERIALIZED (
    SELECT u.email_key, u.new_id, i.contact_id
    FROM unnest($1::text[], $2::uuid[]) AS u (email_key, new_id)
    LEFT JOIN LATERAL (SELECT contact_id FROM email_identity WHERE email_key = u.email_key LIMIT 1) AS i ON true),
made AS (
    INSERT INTO email_identity (email_key, contact_id)
    SELECT email_key, new_id FROM given WHERE contact_id IS NULL AND new_id IS NOT NULL
    ON CONFLICT (email_key) DO NOTHING
    RETURNING email_key, contact_id)
SELECT email_key, contact_id, false AS is_made FROM given WHERE contact_id IS NOT NULL
UNION ALL
SELECT email_key, contact_id, true FROM made
