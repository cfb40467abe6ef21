-- Clocks of the contacts' handoffs that may still change: live ones, and breached ones not met yet.
SELECT contact_id, clock_id, handoff_id, kind, policy_id, policy, state, started_at, due_at, warnings,
       paused_at, paused_seconds, attempts_needed, met_at, breached_at, ended_at, end_reason,
       calendar_id, calendar_version, step_at, array_to_string(steps, ',') AS steps
FROM sla_clock
WHERE contact_id = ANY ($1::uuid[]) AND (ended_at IS NULL OR (state = 'breached' AND met_at IS NULL))
ORDER BY contact_id, due_at, clock_id
