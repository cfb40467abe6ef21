-- Handoffs by their ids ($1) alone: after a merge a contact's latest one may be a duplicate's. The columns are those of
-- the view contact_state.
SELECT h.handoff_id, h.state, h.purpose, h.cycle, h.assignee, h.trigger::text AS trigger, h.snapshot::text AS snapshot,
       h.opened_at, h.accepted_at, h.work_by, h.contacted_at, h.qualified_at, h.opportunity_at, h.closed_at, h.paused_at,
       h.paused_until, h.pause_reason, h.attempts, h.gpct::text AS gpct, h.deal::text AS deal, h.reason, h.note,
       h.nurture_until, h.historical, h.version, h.updated_at, h.contact_id
FROM unnest($1::uuid[]) AS u (handoff_id)
CROSS JOIN LATERAL (
    SELECT * FROM handoff x WHERE x.handoff_id = u.handoff_id ORDER BY x.handoff_id LIMIT 1) AS h
