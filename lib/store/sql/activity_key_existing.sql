-- Which of the ids that clients chose are known already. $1 ids, $2 scopes.
SELECT k.id, k.scope, k.contact_id, k.received_at, k.fingerprint
FROM unnest($1::uuid[], $2::text[]) AS u (id, scope)
JOIN activity_key k ON k.id = u.id AND k.scope = u.scope
