-- Flags what is overdue at $2 among the locked contacts $1: once, since the state leaves 'running'. Steps of escalation
-- may be still to come.
UPDATE sla_clock k
SET state = 'breached', breached_at = $2::timestamptz, wake_at = k.step_at[1], warnings = '{}'
WHERE k.contact_id IN (SELECT contact_id FROM contact
                       WHERE contact_id = ANY ($1::uuid[]) OR merged_into = ANY ($1::uuid[])) AND k.state = 'running' AND k.due_at <= $2::timestamptz
  AND k.wake_at <= $2::timestamptz
-- The events tell the survivor of a merge.
RETURNING (SELECT coalesce(m.merged_into, m.contact_id) FROM contact m WHERE m.contact_id = k.contact_id), k.clock_id, k.handoff_id, k.kind, k.due_at
