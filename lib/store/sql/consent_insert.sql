-- $1: an array of JSON objects with the table's columns.
INSERT INTO consent SELECT * FROM jsonb_populate_recordset(NULL::consent, $1::text::jsonb)
