-- $1: an array of JSON objects with the table's columns.
INSERT INTO sla_clock SELECT * FROM jsonb_populate_recordset(NULL::sla_clock, $1::text::jsonb)
ON CONFLICT (contact_id, clock_id) DO UPDATE
SET state = excluded.state, due_at = excluded.due_at, warnings = excluded.warnings, wake_at = excluded.wake_at,
    step_at = excluded.step_at, steps = excluded.steps,
    paused_at = excluded.paused_at, paused_seconds = excluded.paused_seconds, met_at = excluded.met_at,
    evidence_at = coalesce(excluded.evidence_at, sla_clock.evidence_at),
    breached_at = excluded.breached_at, ended_at = excluded.ended_at, end_reason = excluded.end_reason
