-- The clocks of the handoffs $1, in the order of these; behind the first column those of sla_clock_page.sql.
SELECT w.n, k.clock_id, k.handoff_id, coalesce(c.merged_into, c.contact_id) AS contact_id, h.assignee, k.kind,
       k.policy, k.policy_id, k.state, k.started_at, k.due_at, k.met_at, k.breached_at, k.ended_at, k.end_reason,
       k.policy_version, k.calendar_id, k.calendar_version,
       CASE WHEN k.calendar_id IS NOT NULL
            THEN calendar_open_before(k.calendar_id, k.calendar_version, coalesce(k.ended_at, relais_now()))
                 - calendar_open_before(k.calendar_id, k.calendar_version, k.started_at) END,
       coalesce(k.original_due_at, k.due_at - make_interval(secs => k.paused_seconds)) AS original_due_at, k.evidence_at,
       k.paused_at, k.paused_seconds
FROM unnest($1::uuid[]) WITH ORDINALITY AS w (handoff_id, n)
JOIN handoff h ON h.handoff_id = w.handoff_id
JOIN contact c ON c.contact_id = h.contact_id
JOIN sla_clock k ON k.contact_id = h.contact_id AND k.handoff_id = h.handoff_id
ORDER BY w.n, k.started_at, k.clock_id
