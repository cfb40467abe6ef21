-- Locks the contacts a batch decides about, in the order of their ids, and reads them: what a lock had to wait for is
-- given as it is then. $1 ids. Everything else about them is read by later statements, whose snapshots see what those
-- who held the locks before us have written. The columns begin as those of the view contact_state.
SELECT c.contact_id, c.email, c.stage::text AS stage, c.reached::text AS reached, c.channel, c.journey_step,
       c.attributes::text AS attributes, c.sources::text AS sources, c.consents::text AS consents, c.cycle,
       c.nurture_until, c.released_at, c.merged_into, c.version, c.created_at, c.updated_at, c.handoff_id
FROM contact c WHERE c.contact_id = ANY ($1::uuid[])
ORDER BY c.contact_id
FOR NO KEY UPDATE
