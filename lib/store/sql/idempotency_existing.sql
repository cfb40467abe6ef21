-- First answers that still count; those whose time is over make room for new ones. $1 API keys, $2 method and path,
-- $3 the clients' keys, $4 for how many seconds an answer counts.
WITH given AS MATERIALIZED (
    SELECT u.key_id, u.method_path, u.key, relais_now() - $4::float8 * interval '1 second' AS since
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (key_id, method_path, key)),
expired AS (
    DELETE FROM idempotency_key i USING given g
    WHERE i.key_id = g.key_id AND i.method_path = g.method_path AND i.key = g.key AND i.created_at < g.since)
SELECT i.key_id, i.method_path, i.key, i.fingerprint, i.answer
FROM given g
CROSS JOIN LATERAL (SELECT * FROM idempotency_key
                    WHERE key_id = g.key_id AND method_path = g.method_path AND key = g.key
                          AND created_at >= g.since LIMIT 1) AS i
