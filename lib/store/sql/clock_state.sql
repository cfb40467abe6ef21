-- Clocks of the handoffs $1 that may still change: live ones, and breached ones not met yet.
SELECT k.contact_id, k.clock_id, k.handoff_id, k.kind, k.policy_id, k.policy, k.state, k.started_at, k.due_at,
       k.warnings, k.paused_at, k.paused_seconds, k.attempts_needed, k.met_at, k.breached_at, k.ended_at, k.end_reason,
       k.calendar_id, k.calendar_version, k.step_at, array_to_string(k.steps, ',') AS steps
FROM unnest($1::uuid[]) AS u (handoff_id)
CROSS JOIN LATERAL (
    SELECT x.contact_id FROM handoff x WHERE x.handoff_id = u.handoff_id ORDER BY x.handoff_id LIMIT 1) AS h
-- In the key's order and with a limit (far above what a handoff has), so that it is walked for each handoff whatever the
-- plan was made on.
CROSS JOIN LATERAL (
    SELECT * FROM sla_clock x
    WHERE x.contact_id = h.contact_id AND x.handoff_id = u.handoff_id
      AND (x.ended_at IS NULL OR (x.state = 'breached' AND x.met_at IS NULL))
    ORDER BY x.contact_id, x.clock_id
    LIMIT 64) AS k
ORDER BY k.contact_id, k.due_at, k.clock_id
