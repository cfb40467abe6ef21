-- Whose an address is, is asked for every submission and every row of an import: the index alone answers.
ALTER TABLE email_identity DROP CONSTRAINT email_identity_pkey, ADD PRIMARY KEY (email_key) INCLUDE (contact_id);

-- The handoff is looked up for each contact, whatever PostgreSQL knew about its table when it made the plan: with the
-- join as it was, a plan made while there were few handoffs reads all of them for every batch.
CREATE OR REPLACE VIEW contact_state AS
SELECT c.contact_id, c.email, c.stage::text AS stage, c.reached::text AS reached, c.channel, c.journey_step,
       c.attributes::text AS attributes, c.sources::text AS sources, c.consents::text AS consents,
       c.cycle, c.nurture_until, c.released_at, c.merged_into, c.version, c.created_at, c.updated_at,
       h.handoff_id, h.state AS handoff_state, h.purpose, h.cycle AS handoff_cycle, h.assignee,
       h.trigger::text AS trigger, h.snapshot::text AS snapshot, h.opened_at, h.accepted_at, h.work_by,
       h.contacted_at, h.qualified_at, h.opportunity_at, h.closed_at, h.paused_at, h.paused_until,
       h.pause_reason, h.attempts, h.gpct::text AS gpct, h.deal::text AS deal, h.reason, h.note,
       h.nurture_until AS handoff_nurture_until, h.historical, h.version AS handoff_version,
       h.updated_at AS handoff_updated_at, h.contact_id AS handoff_contact_id
FROM contact c
-- By its id alone: after a merge the latest handoff may be one of a duplicate's.
LEFT JOIN LATERAL (SELECT * FROM handoff WHERE handoff_id = c.handoff_id LIMIT 1) AS h ON true;
