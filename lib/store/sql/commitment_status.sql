-- Every active commitment and its present period, as /v1/sla/status shows them, and whether it is in danger
-- (commitment_alert). The columns are those of store/commitment_rows.h. The periods are worked out first: inlined, their
-- bounds would be worked out anew for each row that is compared with them.
-- $1 true: only a statement with a parameter is planned anew each time. It reads whole weeks of tables that may have been
-- empty when it was planned before.
WITH clock AS MATERIALIZED (SELECT relais_now() AS now),
organisation AS MATERIALIZED (
    SELECT e.body ->> 'time_zone' AS zone, e.body ->> 'currency' AS currency
    FROM catalog_entry e WHERE e.kind = 'organisation'),
period AS MATERIALIZED (
    SELECT n.now, c.id, c.body ->> 'name' AS name, b.since, b.until, o.zone, o.currency, c.created_at
    FROM catalog_entry c
    CROSS JOIN clock n
    CROSS JOIN organisation o
    CROSS JOIN LATERAL commitment_bounds(c.body #>> '{period,every}', c.body #>> '{period,starts}', o.zone, n.now) AS b
    WHERE c.kind = 'commitment' AND (c.body ->> 'active')::boolean)
SELECT p.now, p.id, p.name, p.since, p.until, s.*, a.in_danger_since, a.told_at IS NOT NULL AS is_told
FROM period p
CROSS JOIN LATERAL commitment_standing(p.id, p.since, p.until, p.zone, p.currency, p.now) AS s
LEFT JOIN commitment_alert a ON a.commitment_id = p.id AND a.period_start = p.since
WHERE $1::boolean
ORDER BY p.created_at, p.id
