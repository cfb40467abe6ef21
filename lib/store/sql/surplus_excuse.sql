-- Excuses the clocks that still run of the handoffs $2 of the contacts $1, side by side, at $3. What is overdue stays
-- so; one that rests ends with the deadline it would have had then.
UPDATE sla_clock k
SET state = 'excused', ended_at = $3::timestamptz, end_reason = 'capacity', wake_at = NULL, warnings = '{}',
    due_at = CASE WHEN k.paused_at IS NULL THEN k.due_at
                  ELSE after_pause(k.calendar_id, k.calendar_version, k.due_at, k.paused_at, $3::timestamptz) END,
    paused_seconds = k.paused_seconds + coalesce(extract(epoch FROM $3::timestamptz - k.paused_at)::float8, 0),
    paused_at = NULL
FROM unnest($1::uuid[], $2::uuid[]) AS u (contact_id, handoff_id)
WHERE k.contact_id = u.contact_id AND k.handoff_id = u.handoff_id
  AND (k.state = 'paused' OR (k.state = 'running' AND k.due_at > $3::timestamptz))
-- The events tell the survivor of a merge.
RETURNING (SELECT coalesce(m.merged_into, m.contact_id) FROM contact m WHERE m.contact_id = k.contact_id), k.clock_id,
          k.handoff_id, k.kind, k.due_at
