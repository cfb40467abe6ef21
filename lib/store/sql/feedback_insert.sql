-- $1: an array of JSON objects with the table's columns.
INSERT INTO feedback SELECT * FROM jsonb_populate_recordset(NULL::feedback, $1::text::jsonb)
