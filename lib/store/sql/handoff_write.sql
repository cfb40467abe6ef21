-- $1: an array of JSON objects with the table's columns.
INSERT INTO handoff SELECT * FROM jsonb_populate_recordset(NULL::handoff, $1::text::jsonb)
ON CONFLICT (contact_id, handoff_id) DO UPDATE
SET state = excluded.state, purpose = excluded.purpose, assignee = excluded.assignee,
    assigned_at = coalesce(handoff.assigned_at, excluded.assigned_at),
    accepted_at = excluded.accepted_at, work_by = excluded.work_by, contacted_at = excluded.contacted_at,
    qualified_at = excluded.qualified_at, opportunity_at = excluded.opportunity_at,
    closed_at = excluded.closed_at, paused_at = excluded.paused_at, paused_until = excluded.paused_until,
    pause_reason = excluded.pause_reason, attempts = excluded.attempts, gpct = excluded.gpct,
    deal = excluded.deal, reason = excluded.reason, note = excluded.note,
    nurture_until = excluded.nurture_until, version = excluded.version, updated_at = excluded.updated_at
