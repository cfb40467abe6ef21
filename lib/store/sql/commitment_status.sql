-- Every active commitment and its present period, as /v1/sla/status shows them. The columns are read by
-- server/commitment_standing.c.
WITH clock AS MATERIALIZED (SELECT relais_now() AS now),
organisation AS MATERIALIZED (
    SELECT e.body ->> 'time_zone' AS zone, e.body ->> 'currency' AS currency
    FROM catalog_entry e WHERE e.kind = 'organisation')
SELECT n.now, c.id, c.body ->> 'name', b.since, b.until, s.*
FROM catalog_entry c
CROSS JOIN clock n
CROSS JOIN organisation o
CROSS JOIN LATERAL commitment_bounds(c.body #>> '{period,every}', c.body #>> '{period,starts}', o.zone, n.now) AS b
CROSS JOIN LATERAL commitment_standing(c.id, b.since, b.until, o.zone, o.currency, n.now) AS s
WHERE c.kind = 'commitment' AND (c.body ->> 'active')::boolean
ORDER BY c.created_at, c.id
