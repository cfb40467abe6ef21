-- Handoffs of the newest contacts that load.sql has stored, each with its clock of first contact, as the service would
-- have written them. psql's variables: running (clocks that run), first and seconds (they fall due evenly within so many
-- seconds, which begin so many from now), breached (open ones whose deadline has passed and is flagged), ended (met or
-- breached in the last 30 days).
\set ON_ERROR_STOP on
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';

CREATE TEMPORARY TABLE promised AS
SELECT c.contact_id, c.n, c.kind, p.policy_id, p.policy, relais_now() AS now,
       CASE c.kind WHEN 'running' THEN relais_now() + interval '1 second' * (:first + :seconds * c.place::float8 / :running)
                   WHEN 'breached' THEN relais_now() - interval '1 minute' * (1 + c.place)
                   ELSE relais_now() - interval '720 hours' * c.place / (:ended + 1) END AS due_at
FROM (SELECT contact_id, n, CASE WHEN n <= :running THEN 'running' WHEN n <= :running + :breached THEN 'breached'
                                 ELSE 'ended' END AS kind,
             CASE WHEN n <= :running THEN n WHEN n <= :running + :breached THEN n - :running
                  ELSE n - :running - :breached END AS place
      FROM (SELECT contact_id, row_number() OVER (ORDER BY contact_id DESC) AS n FROM contact
            ORDER BY contact_id DESC LIMIT :running + :breached + :ended) AS newest) AS c,
     (SELECT id AS policy_id, body ->> 'name' AS policy FROM catalog_entry WHERE kind = 'policy' LIMIT 1) AS p;

-- Ids begin with the time, as those of the service.
ALTER TABLE promised ADD COLUMN handoff_id uuid;
UPDATE promised SET handoff_id = (lpad(to_hex((extract(epoch FROM due_at - interval '24 hours') * 1000)::bigint), 12, '0')
                                  || substr(md5('handoff' || n), 13))::uuid;

BEGIN;
INSERT INTO handoff (contact_id, handoff_id, state, purpose, cycle, trigger, snapshot, opened_at, closed_at, attempts,
                     historical, version, updated_at)
SELECT contact_id, handoff_id, CASE kind WHEN 'ended' THEN 'contacted' ELSE 'open' END, 'close', 1, '{}',
       '{}', due_at - interval '24 hours', NULL, (kind = 'ended')::int, false, 1, due_at - interval '24 hours'
FROM promised ORDER BY contact_id;

-- Of those that ended, every tenth was late, and was contacted an hour after its deadline.
INSERT INTO sla_clock (contact_id, clock_id, handoff_id, kind, policy_id, policy, state, started_at, due_at, warnings,
                       wake_at, paused_seconds, attempts_needed, met_at, breached_at, ended_at, end_reason)
SELECT contact_id, md5('clock' || n)::uuid, handoff_id, 'first_contact', policy_id, policy,
       CASE WHEN kind <> 'ended' THEN kind WHEN n % 10 = 0 THEN 'breached' ELSE 'met' END,
       due_at - interval '24 hours', due_at, '{}', CASE kind WHEN 'running' THEN due_at END, 0, 1, made, late, made,
       CASE kind WHEN 'ended' THEN 'attempt' END
FROM (SELECT *, CASE WHEN kind = 'ended' THEN least(now, due_at + CASE WHEN n % 10 = 0 THEN interval '1 hour'
                     ELSE - interval '1 second' * (n % 80000) END) END AS made,
             CASE WHEN kind = 'breached' OR (kind = 'ended' AND n % 10 = 0) THEN due_at END AS late
      FROM promised) AS p
ORDER BY contact_id;
COMMIT;
VACUUM (ANALYZE) handoff;
VACUUM (ANALYZE) sla_clock;
