-- $1: an array of JSON objects with the table's columns.
INSERT INTO stage_change SELECT * FROM jsonb_populate_recordset(NULL::stage_change, $1::text::jsonb)
