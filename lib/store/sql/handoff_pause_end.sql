-- Pauses that are over. $1: an array of JSON objects with some of the table's columns. A handoff has one pause at a time.
-- LATERAL with LIMIT: one lookup a handoff, whatever the statistics say.
UPDATE handoff_history h
SET ended_at = k.ended_at, ended_by = k.ended_by
FROM jsonb_populate_recordset(NULL::handoff_history, $1::text::jsonb) AS p
CROSS JOIN LATERAL (
    SELECT x.contact_id, x.handoff_id, x.entry_id, p.ended_at, p.ended_by
    FROM handoff_history x
    WHERE x.contact_id = p.contact_id AND x.handoff_id = p.handoff_id AND x.kind = 'paused' AND x.ended_at IS NULL
    ORDER BY x.contact_id, x.handoff_id, x.entry_id
    LIMIT 1) AS k
WHERE h.contact_id = k.contact_id AND h.handoff_id = k.handoff_id AND h.entry_id = k.entry_id
