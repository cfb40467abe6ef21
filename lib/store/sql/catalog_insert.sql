-- $1 ids, $2 kinds, $3 slugs, $4 bodies, $5 when.
INSERT INTO catalog_entry (id, kind, slug, body, version, created_at, updated_at)
SELECT u.id, u.kind, u.slug, u.body::json, 1, $5::timestamptz, $5::timestamptz
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS u (id, kind, slug, body)
