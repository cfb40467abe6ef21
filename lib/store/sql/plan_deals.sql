-- What new customers brought: deals won in a window. $1 to $3 are the window, as in plan_window.sql, $4 the currency,
-- $5 the organisation's, for amounts that have none, $6 how many are given at most, the latest.
--
-- One row: their amounts, how many there are, and how many were left out because of their currency.
WITH clock AS MATERIALIZED (SELECT relais_now() AS now),
won AS MATERIALIZED (
    SELECT d.amount::float8 AS amount, d.won_at, d.deal_id, coalesce(d.currency, $5::text) = $4::text AS counts
    FROM deal d, clock c
    WHERE d.kind = 'new' AND d.amount > 0
      AND d.won_at >= coalesce((date '1970-01-01' + $1::int)::timestamp AT TIME ZONE $3::text, c.now - interval '365 days')
      AND d.won_at < least((date '1970-01-01' + $2::int)::timestamp AT TIME ZONE $3::text, c.now))
SELECT (SELECT array_agg(latest.amount ORDER BY latest.won_at DESC, latest.deal_id)
        FROM (SELECT amount, won_at, deal_id FROM won WHERE counts ORDER BY won_at DESC, deal_id LIMIT $6::int) latest)
           AS amounts,
       count(*) FILTER (WHERE counts) AS counted, count(*) FILTER (WHERE NOT counts) AS others
FROM won
