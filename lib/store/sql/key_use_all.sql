-- When each key was last used, in the order of ids.
SELECT key_id, last_used_at FROM api_key_use ORDER BY key_id
