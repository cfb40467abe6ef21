-- Forgets what was released or purged more than $1 seconds ago, of the $2 oldest entries.
DELETE FROM quarantine
WHERE quarantine_id IN (
    SELECT o.quarantine_id
    FROM (SELECT q.quarantine_id, q.state, q.settled_at FROM quarantine q ORDER BY q.quarantine_id LIMIT $2::int) o
    WHERE o.state <> 'held' AND o.settled_at < (SELECT relais_now() - $1::float8 * interval '1 second'))
