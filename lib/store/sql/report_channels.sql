-- The channels report: of the contacts that first reached a stage in a period, how many reached another one.
-- $1 from and $2 to, as instants, or $3 and $4 as days since 1970, midnight in the zone $5; null: no bound.
-- $6 from_stage, $7 to_stage, $8 the organisation's currency, for amounts that have none, $9 how many
-- warnings are listed.
--
-- A contact reached a stage when the stage or a later one was recorded, at the first record of the stage
-- itself, else at the first of a later one. A duration is that between two first records, when neither is
-- implied and they are in order. The survivor of a merge has the history of all its members; merges are few,
-- so only those are put together, and the one big aggregate stays one by contact_id.
--
-- What went in is that of the same time: visits of the days that begin in it, money by the days of a month that do, in
-- whole minor units. A channel that had visitors or cost money and brought nobody is there too; money that was spent on a
-- campaign is no channel's and only in the total.
--
-- Rows, by `part`: 'bounds' (since, until); 'channel' (revenue and spend as "46500000 EUR; 1200 USD", cost the spend in
-- the organisation's currency); 'total' the same of all; 'backwards': a contact whose two stages are out of order
-- (contact_id; in leads how many there are).
WITH bounds AS (
    SELECT coalesce($1::timestamptz, (date '1970-01-01' + $3::int)::timestamp AT TIME ZONE $5::text) AS since,
           coalesce($2::timestamptz, (date '1970-01-01' + $4::int)::timestamp AT TIME ZONE $5::text) AS until),
own AS MATERIALIZED (
    SELECT contact_id, max(to_stage) AS furthest,
           min(at) FILTER (WHERE to_stage = $6::text::stage) AS from_at,
           min(at) FILTER (WHERE to_stage = $6::text::stage AND NOT implied) AS from_seen_at,
           min(at) FILTER (WHERE to_stage > $6::text::stage) AS beyond_at,
           min(at) FILTER (WHERE to_stage = $7::text::stage) AS to_at,
           min(at) FILTER (WHERE to_stage = $7::text::stage AND NOT implied) AS to_seen_at
    FROM stage_change
    WHERE to_stage >= least($6::text::stage, $7::text::stage) AND to_stage < 'disqualified'
    GROUP BY contact_id),
family AS MATERIALIZED (
    SELECT contact_id, merged_into AS survivor FROM contact WHERE merged_into IS NOT NULL
    UNION
    SELECT merged_into, merged_into FROM contact WHERE merged_into IS NOT NULL),
history AS (
    SELECT * FROM own WHERE contact_id NOT IN (SELECT contact_id FROM family)
    UNION ALL
    SELECT f.survivor, max(furthest), min(from_at), min(from_seen_at), min(beyond_at), min(to_at), min(to_seen_at)
    FROM family f JOIN own USING (contact_id)
    GROUP BY f.survivor),
cohort AS MATERIALIZED (
    SELECT h.contact_id, c.channel, h.furthest,
           CASE WHEN h.from_seen_at = h.from_at AND h.to_seen_at = h.to_at
                THEN extract(epoch FROM h.to_at - h.from_at)::float8 END AS seconds
    FROM history h JOIN contact c ON c.contact_id = h.contact_id
    WHERE h.furthest >= $6::text::stage
      AND coalesce(h.from_at, h.beyond_at) >= coalesce((SELECT since FROM bounds), '-infinity')
      AND coalesce(h.from_at, h.beyond_at) < coalesce((SELECT until FROM bounds), 'infinity')),
channel AS (
    SELECT channel, count(*) AS leads, count(*) FILTER (WHERE furthest >= 'mql') AS mqls,
           count(*) FILTER (WHERE furthest >= 'sql') AS sqls,
           count(*) FILTER (WHERE furthest >= 'customer') AS customers,
           count(*) FILTER (WHERE furthest >= $7::text::stage) AS converted,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE seconds >= 0) AS median_seconds
    FROM cohort
    GROUP BY channel),
amount AS (
    SELECT k.channel, coalesce(d.currency, $8::text) AS currency, sum(d.amount) AS amount
    FROM deal d LEFT JOIN family f ON f.contact_id = d.contact_id
         JOIN cohort k ON k.contact_id = coalesce(f.survivor, d.contact_id)
    WHERE d.amount IS NOT NULL
    GROUP BY k.channel, coalesce(d.currency, $8::text)),
revenue AS (
    SELECT channel, string_agg(amount || ' ' || currency, '; ' ORDER BY currency) AS amounts
    FROM amount
    GROUP BY channel),
days AS MATERIALIZED (
    SELECT coalesce((since AT TIME ZONE $5::text)::date
                        + (local_day_start((since AT TIME ZONE $5::text)::date, $5::text) < since)::int, '-infinity') AS since,
           coalesce((until AT TIME ZONE $5::text)::date
                        + (local_day_start((until AT TIME ZONE $5::text)::date, $5::text) < until)::int, 'infinity') AS until
    FROM bounds),
visited AS (
    SELECT t.channel, sum(t.visits)::bigint AS visits
    FROM traffic t, days d
    WHERE t.day >= d.since AND t.day < d.until
    GROUP BY t.channel),
spent AS MATERIALIZED (
    SELECT m.channel, m.currency,
           round(sum(m.amount * (least(m.next, d.until) - greatest(m.month, d.since))::numeric / (m.next - m.month))) AS amount
    FROM (SELECT nullif(s.channel, '') AS channel, s.currency, s.amount, s.month, (s.month + interval '1 month')::date AS next
          FROM spend s) AS m, days d
    WHERE m.month < d.until AND m.next > d.since
    GROUP BY m.channel, m.currency),
cost AS (
    SELECT channel, string_agg(amount || ' ' || currency, '; ' ORDER BY currency) AS amounts,
           (max(amount) FILTER (WHERE currency = $8::text))::float8 AS amount
    FROM spent
    WHERE channel IS NOT NULL
    GROUP BY channel),
whole AS (
    SELECT (SELECT string_agg(c.amount || ' ' || c.currency, '; ' ORDER BY c.currency)
            FROM (SELECT currency, sum(amount) AS amount FROM spent GROUP BY currency) AS c) AS amounts,
           (SELECT sum(amount)::float8 FROM spent WHERE currency = $8::text) AS amount,
           (SELECT sum(visits)::bigint FROM visited) AS visits),
backwards AS (
    SELECT contact_id, count(*) OVER () AS total FROM cohort WHERE seconds < 0
    ORDER BY contact_id LIMIT $9::int)
SELECT 'bounds' AS part, NULL AS channel, 0::bigint AS leads, 0::bigint AS mqls, 0::bigint AS sqls,
       0::bigint AS customers, 0::bigint AS converted, NULL::float8 AS median_seconds, NULL AS revenue,
       NULL::uuid AS contact_id, since, until, NULL::bigint AS visits, NULL AS spend, NULL::float8 AS cost
FROM bounds
UNION ALL
SELECT 'channel', coalesce(c.channel, v.channel, k.channel), coalesce(c.leads, 0), coalesce(c.mqls, 0), coalesce(c.sqls, 0),
       coalesce(c.customers, 0), coalesce(c.converted, 0), c.median_seconds, r.amounts, NULL, NULL, NULL, v.visits, k.amounts,
       k.amount
FROM channel c
FULL JOIN visited v ON v.channel = c.channel
FULL JOIN cost k ON k.channel = coalesce(c.channel, v.channel)
LEFT JOIN revenue r ON c.leads IS NOT NULL AND coalesce(r.channel, '') = coalesce(c.channel, '')
UNION ALL
SELECT 'total', NULL, (SELECT coalesce(sum(leads), 0)::bigint FROM channel), 0, 0,
       (SELECT coalesce(sum(customers), 0)::bigint FROM channel), 0, NULL, NULL, NULL, NULL, NULL, w.visits, w.amounts, w.amount
FROM whole w
UNION ALL
SELECT 'backwards', NULL, total, 0, 0, 0, 0, NULL, NULL, contact_id, NULL, NULL, NULL, NULL, NULL
FROM backwards
