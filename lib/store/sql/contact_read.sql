-- The contacts $1 as a batch decides about them, under their locks (contact_lock.sql), or without for a dry run; with their
-- scores by the model $2, and where the rows of those are. LATERAL … LIMIT 1 in the key's order keeps that a look-up by the
-- key even when the plan was made while the tables were empty. The columns begin as those of the view contact_state.
SELECT c.contact_id, c.email, c.stage::text AS stage, c.reached::text AS reached, c.channel, c.journey_step,
       c.attributes::text AS attributes, c.sources::text AS sources, c.consents::text AS consents, c.cycle,
       c.nurture_until, c.released_at, c.merged_into, c.version, c.created_at, c.updated_at, c.handoff_id,
       s.at, s.points, s.fit, s.fit_grade, s.fit_known, s.grade, s.decision, s.rule_errors, s.ctid
FROM contact c
LEFT JOIN LATERAL (SELECT x.*, x.ctid FROM score x WHERE x.contact_id = c.contact_id AND x.model = $2::int
                   ORDER BY x.contact_id, x.model LIMIT 1) AS s ON true
WHERE c.contact_id = ANY ($1::uuid[])
ORDER BY c.contact_id
