-- Periods of the commitment $1, newest first, those that have not begun left out: what each counts now and, when it
-- was frozen, what was found then. From the one that holds $2 (null: $4 as days since 1970, null: its first one) to
-- the one before which $3 (or $5) lies (null: the present one); $6 is where the last one of the page before began
-- (null: there was none). At most $7. The columns are those of commitment_status.sql and then the frozen ones.
WITH RECURSIVE clock AS MATERIALIZED (SELECT relais_now() AS now),
organisation AS MATERIALIZED (
    SELECT e.body ->> 'time_zone' AS zone, e.body ->> 'currency' AS currency
    FROM catalog_entry e WHERE e.kind = 'organisation'),
promise AS MATERIALIZED (
    SELECT c.id, c.body ->> 'name' AS name, c.body #>> '{period,every}' AS every, c.body #>> '{period,starts}' AS starts,
           coalesce($2::timestamptz, local_day_start(date '1970-01-01' + $4::int, o.zone), c.created_at) AS since,
           least(coalesce($3::timestamptz, local_day_start(date '1970-01-01' + $5::int, o.zone), 'infinity')
                     - interval '1 millisecond',
                 coalesce($6::timestamptz, 'infinity') - interval '1 millisecond', n.now) AS last
    FROM catalog_entry c, organisation o, clock n
    WHERE c.id = $1::uuid AND c.kind = 'commitment'),
period AS (
    SELECT b.since, b.until, 1 AS number
    FROM promise p, organisation o, commitment_bounds(p.every, p.starts, o.zone, p.last) AS b
    WHERE b.until > p.since
    UNION ALL
    SELECT b.since, b.until, r.number + 1
    FROM period r, promise p, organisation o,
         commitment_bounds(p.every, p.starts, o.zone, r.since - interval '1 millisecond') AS b
    WHERE r.number < $7::int AND r.since > p.since)
SELECT n.now, c.id, c.name, b.since, b.until, s.*,
       f.frozen_at, f.version, f.target, f.numerator, f.denominator, f.pending, f.actual, f.state
FROM period b
CROSS JOIN promise c
CROSS JOIN clock n
CROSS JOIN organisation o
CROSS JOIN LATERAL commitment_standing(c.id, b.since, b.until, o.zone, o.currency, n.now) AS s
LEFT JOIN commitment_period f ON f.commitment_id = c.id AND f.period_start = b.since
ORDER BY b.since DESC
