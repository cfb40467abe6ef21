INSERT INTO catalog_entry (id, kind, slug, body, version, created_at, updated_at)
VALUES ($1::uuid, $2::text, $3::text, $4::text::json, 1, $5::timestamptz, $5::timestamptz)
