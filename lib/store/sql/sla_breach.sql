-- Flags what is overdue at $2 among the locked contacts $1: once, since the state leaves 'running'. Steps of escalation
-- may be still to come. breached_at is the time of the writing, as near to the commit as a row can know, and never
-- before $2, should the machine's clock have been set back meanwhile. The events tell the survivor of a merge.
-- LATERAL with LIMIT: one lookup a contact, whatever the statistics say. That a clock is to wake is asked outside of it,
-- or the index of all that are overdue would be walked for each contact.
WITH clock AS MATERIALIZED (SELECT greatest(relais_now(), $2::timestamptz) AS now),
due AS MATERIALIZED (
    SELECT k.contact_id, k.clock_id, k.state, coalesce(m.merged_into, m.contact_id) AS shown_id
    FROM contact m
    CROSS JOIN LATERAL (
        SELECT x.contact_id, x.clock_id, x.state, x.due_at, x.wake_at FROM sla_clock x
        WHERE x.contact_id = m.contact_id AND x.ended_at IS NULL
        ORDER BY x.contact_id, x.clock_id -- as the key, which so beats other indexes while all are empty
        LIMIT 100) AS k
    WHERE ((m.contact_id = ANY ($1::uuid[]) AND m.merged_into IS NULL) OR m.merged_into = ANY ($1::uuid[]))
      AND k.state = 'running' AND k.due_at <= $2::timestamptz AND k.wake_at <= $2::timestamptz)
UPDATE sla_clock k
SET state = 'breached', breached_at = (SELECT now FROM clock), wake_at = k.step_at[1], warnings = '{}'
FROM due d
WHERE k.contact_id = d.contact_id AND k.clock_id = d.clock_id AND k.state = d.state
RETURNING d.shown_id, k.clock_id, k.handoff_id, k.kind, k.due_at, k.breached_at AS at
