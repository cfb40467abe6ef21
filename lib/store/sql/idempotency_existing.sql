-- First answers that are stored already. $1 API keys, $2 method and path, $3 the clients' keys.
SELECT i.key_id, i.method_path, i.key, i.fingerprint, i.answer
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (key_id, method_path, key)
CROSS JOIN LATERAL (SELECT * FROM idempotency_key
                    WHERE key_id = u.key_id AND method_path = u.method_path AND key = u.key LIMIT 1) AS i
