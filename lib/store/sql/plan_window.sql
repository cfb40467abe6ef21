-- The days that a plan's history spans: of $1 and $2, days since 1970 in the zone $3; null: a year ago, and now.
-- What lies ahead is no history, so it ends now at the latest. One row: since, until, today (days since 1970).
WITH clock AS MATERIALIZED (SELECT relais_now() AS now)
SELECT coalesce((date '1970-01-01' + $1::int)::timestamp AT TIME ZONE $3::text, now - interval '365 days') AS since,
       least((date '1970-01-01' + $2::int)::timestamp AT TIME ZONE $3::text, now) AS until,
       (now AT TIME ZONE $3::text)::date - date '1970-01-01' AS today
FROM clock
