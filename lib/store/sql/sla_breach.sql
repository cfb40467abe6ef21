-- Flags what is overdue at $2 among the locked contacts $1: once, since the state leaves 'running'. Steps of escalation
-- may be still to come. breached_at is the time of the writing, as near to the commit as a row can know, and never
-- before $2, should the machine's clock have been set back meanwhile.
WITH clock AS MATERIALIZED (SELECT greatest(relais_now(), $2::timestamptz) AS now)
UPDATE sla_clock k
SET state = 'breached', breached_at = (SELECT now FROM clock), wake_at = k.step_at[1], warnings = '{}'
WHERE k.contact_id IN (SELECT contact_id FROM contact
                       WHERE contact_id = ANY ($1::uuid[]) OR merged_into = ANY ($1::uuid[])) AND k.state = 'running' AND k.due_at <= $2::timestamptz
  AND k.wake_at <= $2::timestamptz
-- The events tell the survivor of a merge.
RETURNING (SELECT coalesce(m.merged_into, m.contact_id) FROM contact m WHERE m.contact_id = k.contact_id), k.clock_id, k.handoff_id, k.kind, k.due_at,
    k.breached_at AS at
