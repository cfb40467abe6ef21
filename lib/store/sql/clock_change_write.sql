-- What changed clocks promise now. $1: an array of JSON objects with the table's columns.
UPDATE sla_clock k
SET state = p.state, paused_at = p.paused_at, policy = p.policy, policy_version = p.policy_version,
    calendar_id = p.calendar_id, calendar_version = p.calendar_version, due_at = p.due_at, warnings = p.warnings,
    step_at = p.step_at, steps = p.steps, wake_at = p.wake_at
FROM jsonb_populate_recordset(NULL::sla_clock, $1::text::jsonb) AS p
WHERE k.contact_id = p.contact_id AND k.clock_id = p.clock_id
