-- No ON CONFLICT: an id that somebody else claimed meanwhile fails the batch, which runs again and finds it.
INSERT INTO activity_key (id, scope, contact_id, occurred_at, received_at, fingerprint)
SELECT u.id, u.scope, u.contact_id, u.occurred_at, u.received_at, u.fingerprint
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::bytea[])
  AS u (id, scope, contact_id, occurred_at, received_at, fingerprint)
ORDER BY u.id
