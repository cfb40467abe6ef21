-- No ON CONFLICT: a twin that another instance has just stored fails the batch, which runs again and finds it.
INSERT INTO idempotency_key (key_id, method_path, key, fingerprint, answer, created_at)
SELECT u.key_id, u.method_path, u.key, u.fingerprint, u.answer, $6::timestamptz
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[])
  AS u (key_id, method_path, key, fingerprint, answer)
ORDER BY u.key_id, u.method_path, u.key
