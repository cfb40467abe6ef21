UPDATE catalog_entry SET slug = $2::text, body = $3::text::json, version = version + 1, updated_at = $4::timestamptz
WHERE id = $1::uuid
