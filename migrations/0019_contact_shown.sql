-- A contact as lists and pages show it: the columns of contact_state in their order, without what is never shown. Who
-- said each attribute and when, and what a handoff keeps for its own page, would be written out for every row.
CREATE VIEW contact_shown AS
SELECT s.contact_id, s.email, s.stage, s.reached, s.channel, s.journey_step, s.attributes, NULL::text AS sources,
       s.consents, s.cycle, s.nurture_until, s.released_at, s.merged_into, s.version, s.created_at, s.updated_at,
       s.handoff_id, s.handoff_state, s.purpose, s.handoff_cycle, s.assignee, NULL::text AS trigger,
       NULL::text AS snapshot, s.opened_at, s.accepted_at, s.work_by, s.contacted_at, s.qualified_at, s.opportunity_at,
       s.closed_at, s.paused_at, s.paused_until, NULL::text AS pause_reason, s.attempts, NULL::text AS gpct,
       NULL::text AS deal, NULL::text AS reason, NULL::text AS note, s.handoff_nurture_until, s.historical,
       s.handoff_version, s.handoff_updated_at, s.handoff_contact_id
FROM contact_state s;
