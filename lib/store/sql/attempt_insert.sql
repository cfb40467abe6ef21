-- $1: an array of JSON objects with the table's columns.
INSERT INTO attempt SELECT * FROM jsonb_populate_recordset(NULL::attempt, $1::text::jsonb)
