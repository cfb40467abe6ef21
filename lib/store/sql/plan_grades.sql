-- What grades leads have, and what becomes of those that are handed over: for the threshold that a plan's team can
-- work. $1 to $3 are the window, as in plan_window.sql, $4 the scoring model in force.
--
-- A lead's grade is that of its first handoff's opening, of one never handed over the grade it has now. A contact
-- that was merged into another counts as nobody. Upsell handoffs are not about leads.
--
-- Rows, by grade and number of days (of leads: 0): leads that came in and when the first did; handoffs opened so many
-- days ago, of them those that won a customer by now, and those that did so after so many days.
WITH clock AS MATERIALIZED (SELECT relais_now() AS now),
bounds AS MATERIALIZED (
    SELECT coalesce((date '1970-01-01' + $1::int)::timestamp AT TIME ZONE $3::text, now - interval '365 days') AS since,
           least((date '1970-01-01' + $2::int)::timestamp AT TIME ZONE $3::text, now) AS until, now
    FROM clock),
reached AS MATERIALIZED (
    SELECT contact_id, coalesce(min(at) FILTER (WHERE to_stage = 'lead'), min(at)) AS lead_at,
           min(at) FILTER (WHERE to_stage = 'customer') AS customer_at
    FROM stage_change
    WHERE to_stage >= 'lead' AND to_stage < 'disqualified'
    GROUP BY contact_id),
opened AS MATERIALIZED (
    SELECT DISTINCT ON (contact_id) contact_id, opened_at, snapshot #>> '{score,grade}' AS grade
    FROM handoff
    WHERE purpose <> 'upsell'
    ORDER BY contact_id, opened_at),
lead AS (
    SELECT coalesce(o.grade, s.grade) AS grade, r.lead_at
    FROM bounds b, reached r
    JOIN contact c ON c.contact_id = r.contact_id AND c.merged_into IS NULL
    LEFT JOIN opened o ON o.contact_id = r.contact_id
    LEFT JOIN score s ON s.contact_id = r.contact_id AND s.model = $4::integer
    WHERE r.lead_at >= b.since AND r.lead_at < b.until),
watched AS (
    SELECT o.grade, floor(extract(epoch FROM b.now - o.opened_at) / 86400)::int AS age,
           CASE WHEN r.customer_at IS NOT NULL
                THEN floor(extract(epoch FROM greatest(least(r.customer_at, b.now) - o.opened_at, interval '0')) / 86400)::int
                END AS lag
    FROM bounds b, opened o
    JOIN contact c ON c.contact_id = o.contact_id AND c.merged_into IS NULL
    LEFT JOIN reached r ON r.contact_id = o.contact_id
    WHERE o.opened_at >= b.since AND o.opened_at < b.until),
counted AS (
    SELECT grade, 0 AS days, count(*) AS leads, min(lead_at) AS first_at, 0::bigint AS entrants, 0::bigint AS converters,
           0::bigint AS lags
    FROM lead GROUP BY grade
    UNION ALL
    SELECT grade, age, 0, NULL, count(*), count(lag), 0 FROM watched GROUP BY grade, age
    UNION ALL
    SELECT grade, lag, 0, NULL, 0, 0, count(*) FROM watched WHERE lag IS NOT NULL GROUP BY grade, lag)
SELECT grade, days, sum(leads)::bigint AS leads, min(first_at) AS first_at, sum(entrants)::bigint AS entrants,
       sum(converters)::bigint AS converters, sum(lags)::bigint AS lags
FROM counted
WHERE grade IS NOT NULL
GROUP BY grade, days
