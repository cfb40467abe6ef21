-- $1: an array of JSON objects with the table's columns.
INSERT INTO handoff_history SELECT * FROM jsonb_populate_recordset(NULL::handoff_history, $1::text::jsonb)
