-- $1: an array of JSON objects with the table's columns.
INSERT INTO quarantine SELECT * FROM jsonb_populate_recordset(NULL::quarantine, $1::text::jsonb)
