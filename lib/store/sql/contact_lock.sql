-- Takes the locks of the contacts that a batch decides about, $1, in the order of their ids: the same everywhere, so no
-- deadlock. What is known of them is read by later statements, whose snapshots see what those who held the locks before us
-- have written.
SELECT count(pg_advisory_xact_lock(contact_lock_key(u.contact_id))) FROM unnest($1::uuid[]) AS u (contact_id)
