-- How the funnel's steps went: of the contacts that reached a stage in a window, how many days ago that was, who
-- reached the next one by now, and after how many days. $1 to $3 are the window, as in plan_window.sql.
--
-- What "reached" and "when" mean is said in report_channels.sql: the same words, the same way. An implied stage
-- was reached at the latest when it was recorded, and that is when it could be known, which is what counts for
-- who is too young to tell. Not so for the time from lead to customer: there both must have been seen. A pair that
-- came the wrong way round took no time.
--
-- Rows, by step (1 lead_mql … 5 opportunity_customer, 6 the time from lead to customer) and number of days:
-- entrants and converters of that age, and converters that took so long.
WITH clock AS MATERIALIZED (SELECT relais_now() AS now),
bounds AS MATERIALIZED (
    SELECT coalesce((date '1970-01-01' + $1::int)::timestamp AT TIME ZONE $3::text, now - interval '365 days') AS since,
           least((date '1970-01-01' + $2::int)::timestamp AT TIME ZONE $3::text, now) AS until, now
    FROM clock),
own AS MATERIALIZED (
    SELECT contact_id,
           min(at) FILTER (WHERE to_stage = 'lead') AS lead_at,
           min(at) FILTER (WHERE to_stage = 'lead' AND NOT implied) AS lead_seen_at,
           min(at) FILTER (WHERE to_stage = 'mql') AS mql_at,
           min(at) FILTER (WHERE to_stage = 'sal') AS sal_at,
           min(at) FILTER (WHERE to_stage = 'sql') AS sql_at,
           min(at) FILTER (WHERE to_stage = 'opportunity') AS opportunity_at,
           min(at) FILTER (WHERE to_stage = 'customer') AS customer_at,
           min(at) FILTER (WHERE to_stage = 'customer' AND NOT implied) AS customer_seen_at
    FROM stage_change
    WHERE to_stage >= 'lead' AND to_stage < 'disqualified'
    GROUP BY contact_id),
family AS MATERIALIZED (
    SELECT contact_id, merged_into AS survivor FROM contact WHERE merged_into IS NOT NULL
    UNION
    SELECT merged_into, merged_into FROM contact WHERE merged_into IS NOT NULL),
history AS (
    SELECT * FROM own WHERE contact_id NOT IN (SELECT contact_id FROM family)
    UNION ALL
    SELECT f.survivor, min(lead_at), min(lead_seen_at), min(mql_at), min(sal_at), min(sql_at), min(opportunity_at),
           min(customer_at), min(customer_seen_at)
    FROM family f JOIN own USING (contact_id)
    GROUP BY f.survivor),
reached AS (
    SELECT coalesce(lead_at, least(mql_at, sal_at, sql_at, opportunity_at, customer_at)) AS lead,
           coalesce(mql_at, least(sal_at, sql_at, opportunity_at, customer_at)) AS mql,
           coalesce(sal_at, least(sql_at, opportunity_at, customer_at)) AS sal,
           coalesce(sql_at, least(opportunity_at, customer_at)) AS sql,
           coalesce(opportunity_at, customer_at) AS opportunity,
           customer_at AS customer,
           CASE WHEN lead_seen_at = lead_at THEN lead_at END AS lead_seen,
           CASE WHEN customer_seen_at = customer_at THEN customer_at END AS customer_seen
    FROM history),
watched AS (
    SELECT s.step, floor(extract(epoch FROM b.now - s.entered_at) / 86400)::int AS age,
           CASE WHEN s.left_at IS NOT NULL
                THEN floor(extract(epoch FROM greatest(least(s.left_at, b.now) - s.entered_at, interval '0')) / 86400)::int
                END AS lag
    FROM reached r, bounds b,
         LATERAL (VALUES (1, r.lead, r.mql), (2, r.mql, r.sal), (3, r.sal, r.sql), (4, r.sql, r.opportunity),
                         (5, r.opportunity, r.customer), (6, r.lead_seen, r.customer_seen))
             AS s (step, entered_at, left_at)
    WHERE s.entered_at >= b.since AND s.entered_at < b.until),
counted AS (
    SELECT step, age AS days, count(*) AS entrants, count(lag) AS converters, 0::bigint AS lags
    FROM watched GROUP BY step, age
    UNION ALL
    SELECT step, lag, 0, 0, count(*) FROM watched WHERE lag IS NOT NULL GROUP BY step, lag)
SELECT step, days, sum(entrants)::bigint AS entrants, sum(converters)::bigint AS converters, sum(lags)::bigint AS lags
FROM counted
GROUP BY step, days
