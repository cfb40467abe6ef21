-- The change to the version $2 of $1, locked: one batch of it at a time. With it the set-up's version, the time, and the
-- policy as it was at that version.
SELECT c.kind, c.actor, c.after_contact, c.after_clock, c.is_idle, c.changed, c.moved, c.finished_at,
       (SELECT h.version FROM catalog_head h), relais_now(),
       (SELECT v.body::text FROM policy_version v WHERE v.policy_id = c.entry_id AND v.version = c.version)
FROM clock_change c
WHERE c.entry_id = $1::uuid AND c.version = $2::integer
FOR UPDATE
