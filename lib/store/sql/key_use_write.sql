-- When keys were last used. $1 their ids, $2 how many seconds ago. A key that is deleted meanwhile has none; of several
-- instances that serve one key the first to come writes for a minute.
INSERT INTO api_key_use (key_id, last_used_at)
SELECT u.id, relais_now() - make_interval(secs => u.age)
FROM unnest($1::uuid[], $2::float8[]) AS u (id, age)
JOIN catalog_entry k ON k.id = u.id AND k.kind = 'key'
ORDER BY u.id
ON CONFLICT (key_id) DO UPDATE SET last_used_at = excluded.last_used_at
WHERE api_key_use.last_used_at < excluded.last_used_at - interval '50 seconds'
