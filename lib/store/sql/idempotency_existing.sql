-- First answers that are stored already. $1 API keys, $2 method and path, $3 the clients' keys.
SELECT i.key_id, i.method_path, i.key, i.fingerprint, i.answer
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (key_id, method_path, key)
JOIN idempotency_key i ON i.key_id = u.key_id AND i.method_path = u.method_path AND i.key = u.key
