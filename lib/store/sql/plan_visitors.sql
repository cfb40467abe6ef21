-- How many visitors became leads: of the days and channels of which visits are known, in a window, the visits and the
-- contacts of that channel that first became leads on that day. $1 to $3 are the window, as in plan_window.sql; $4 false:
-- nobody wants to know. One row: visits (0: none are known), leads.
WITH clock AS MATERIALIZED (SELECT relais_now() AS now),
seen AS MATERIALIZED (
    SELECT t.day, t.channel, sum(t.visits) AS visits
    FROM traffic t, clock c
    WHERE $4::boolean
      AND t.day >= coalesce(date '1970-01-01' + $1::int, ((c.now - interval '8760 hours') AT TIME ZONE $3::text)::date + 1)
      AND t.day < coalesce(date '1970-01-01' + $2::int, 'infinity') AND t.day < (c.now AT TIME ZONE $3::text)::date
    GROUP BY t.day, t.channel),
span AS MATERIALIZED (
    SELECT local_day_start(min(day), $3::text) AS since, local_day_start(max(day) + 1, $3::text) AS until FROM seen),
lead AS (
    SELECT (l.at AT TIME ZONE $3::text)::date AS day, c.channel, count(*) AS leads
    FROM span s
    CROSS JOIN LATERAL lead_captured(s.since, s.until) AS l
    JOIN contact c ON c.contact_id = l.contact_id
    WHERE c.channel IS NOT NULL
    GROUP BY 1, 2)
SELECT coalesce(sum(s.visits), 0)::bigint AS visits, coalesce(sum(l.leads), 0)::bigint AS leads
FROM seen s
LEFT JOIN lead l ON l.day = s.day AND l.channel = s.channel
