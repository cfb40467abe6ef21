-- The change to the version $2 of $1 is left to whoever takes up what is left. How many clocks lie behind where it has
-- come and are still to be looked at; no row: it is over.
UPDATE clock_change c
SET progress_at = '-infinity'
WHERE c.entry_id = $1::uuid AND c.version = $2::integer AND c.finished_at IS NULL
RETURNING (
    SELECT count(*)
    FROM sla_clock x
    WHERE x.ended_at IS NULL AND (x.state = 'paused' OR (x.state = 'running' AND x.due_at > relais_now()))
      AND (x.contact_id, x.clock_id) > (c.after_contact, c.after_clock)
      AND ((c.kind = 'policy' AND x.policy_id = c.entry_id AND coalesce(x.policy_version, 0) < c.version)
           OR (c.kind = 'calendar' AND x.calendar_id = c.entry_id AND x.calendar_version < c.version)))
