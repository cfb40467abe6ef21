-- $1: an array of JSON objects with the table's columns. A deal known already stays as it is.
INSERT INTO deal SELECT * FROM jsonb_populate_recordset(NULL::deal, $1::text::jsonb)
ON CONFLICT (contact_id, deal_id) DO NOTHING
