-- Which of the ids that clients chose are known already, by their place. $1 ids, $2 scopes.
SELECT u.n, k.contact_id, k.received_at, k.fingerprint
FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS u (id, scope, n)
CROSS JOIN LATERAL (SELECT * FROM activity_key WHERE id = u.id AND scope = u.scope LIMIT 1) AS k
