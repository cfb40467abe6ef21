-- The next period of each active commitment that is to be frozen, and when: so many days after its end as its
-- definition lets it settle, and a moment for what is being committed. The first one is that in which the commitment was made; after it was switched off, the
-- first that begins when it is on again.
WITH clock AS MATERIALIZED (SELECT relais_now() AS now),
organisation AS MATERIALIZED (
    SELECT e.body ->> 'time_zone' AS zone FROM catalog_entry e WHERE e.kind = 'organisation'),
promise AS (
    SELECT c.id, c.body #>> '{period,every}' AS every, c.body #>> '{period,starts}' AS starts,
           (SELECT max(p.period_end) FROM commitment_period p WHERE p.commitment_id = c.id) AS last_end, d.made_at, d.version
    FROM catalog_entry c
    CROSS JOIN LATERAL (
        SELECT m.made_at, m.version
        FROM commitment_definition m
        WHERE m.commitment_id = c.id
          AND m.version > coalesce((SELECT max(x.version) FROM commitment_definition x
                                    WHERE x.commitment_id = c.id AND NOT (x.body ->> 'active')::boolean), 0)
        ORDER BY m.version
        LIMIT 1) AS d
    WHERE c.kind = 'commitment' AND (c.body ->> 'active')::boolean),
next AS (
    SELECT p.id, n.since, n.until
    FROM promise p
    CROSS JOIN organisation o
    CROSS JOIN LATERAL commitment_bounds(p.every, p.starts, o.zone, p.made_at) AS f
    CROSS JOIN LATERAL commitment_bounds(
        p.every, p.starts, o.zone,
        greatest(CASE WHEN p.version = 1 OR f.since = p.made_at THEN f.since ELSE f.until END, p.last_end)) AS n)
SELECT n.id, n.since,
       local_day_start((n.until AT TIME ZONE o.zone)::date + (d.body ->> 'settle_days')::int, o.zone)
           + interval '15 seconds' AS due_at
FROM next n
CROSS JOIN organisation o
CROSS JOIN LATERAL commitment_in_force(n.id, n.since) AS d
ORDER BY due_at, n.id
LIMIT 1
