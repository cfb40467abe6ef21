-- Another instance decides the same.
INSERT INTO handoff_match (contact_id, handoff_id, filter, is_match)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[])
ON CONFLICT DO NOTHING
