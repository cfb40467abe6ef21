-- Pauses that are over. $1: an array of JSON objects with some of the table's columns. A handoff has one pause at a time.
UPDATE handoff_history h
SET ended_at = p.ended_at, ended_by = p.ended_by
FROM jsonb_populate_recordset(NULL::handoff_history, $1::text::jsonb) AS p
WHERE h.contact_id = p.contact_id AND h.handoff_id = p.handoff_id AND h.kind = 'paused' AND h.ended_at IS NULL
