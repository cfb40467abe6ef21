-- Ends the pauses of the handoffs $2 of the contacts $1, side by side, at $3: their clocks are excused, so there is
-- nothing that could rest.
WITH kept AS (
    UPDATE handoff_history p
    SET ended_at = $3::timestamptz, ended_by = 'system'
    FROM unnest($1::uuid[], $2::uuid[]) AS u (contact_id, handoff_id)
    WHERE p.contact_id = u.contact_id AND p.handoff_id = u.handoff_id AND p.kind = 'paused' AND p.ended_at IS NULL)
UPDATE handoff h
SET paused_at = NULL, paused_until = NULL, pause_reason = NULL, version = h.version + 1, updated_at = $3::timestamptz
FROM unnest($1::uuid[], $2::uuid[]) AS u (contact_id, handoff_id)
WHERE h.contact_id = u.contact_id AND h.handoff_id = u.handoff_id AND h.paused_at IS NOT NULL
RETURNING (SELECT coalesce(m.merged_into, m.contact_id) FROM contact m WHERE m.contact_id = h.contact_id), h.handoff_id,
          h.state, h.assignee
