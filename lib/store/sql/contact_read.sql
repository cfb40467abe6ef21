-- contact_lock.sql without the locks, for a dry run.
SELECT c.contact_id, c.email, c.stage::text AS stage, c.reached::text AS reached, c.channel, c.journey_step,
       c.attributes::text AS attributes, c.sources::text AS sources, c.consents::text AS consents, c.cycle,
       c.nurture_until, c.released_at, c.merged_into, c.version, c.created_at, c.updated_at, c.handoff_id
FROM contact c WHERE c.contact_id = ANY ($1::uuid[])
