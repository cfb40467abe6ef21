SELECT kind, id, slug, body::text, version, created_at, updated_at
FROM catalog_entry
