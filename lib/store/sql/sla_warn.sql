-- Takes the warnings that are due at $2 among the locked contacts $1 and sets the next waking.
UPDATE sla_clock k
SET warnings = array(SELECT w FROM unnest(k.warnings) AS w WHERE w > $2::timestamptz ORDER BY w),
    wake_at = least(k.due_at, (SELECT min(w) FROM unnest(k.warnings) AS w WHERE w > $2::timestamptz))
WHERE k.contact_id IN (SELECT contact_id FROM contact
                       WHERE contact_id = ANY ($1::uuid[]) OR merged_into = ANY ($1::uuid[])) AND k.state = 'running' AND k.due_at > $2::timestamptz
  AND k.wake_at <= $2::timestamptz
-- The events tell the survivor of a merge.
RETURNING (SELECT coalesce(m.merged_into, m.contact_id) FROM contact m WHERE m.contact_id = k.contact_id), k.clock_id, k.handoff_id, k.kind, k.due_at
