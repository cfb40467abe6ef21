-- The funnel report: of the contacts that entered the funnel in a period, how many reached each stage, and how
-- long they took from one to the next.
-- $1 from and $2 to, as instants, or $3 and $4 as days since 1970, midnight in the zone $5; null: no bound.
--
-- What "reached", "when" and "how long" mean is said in report_channels.sql: the same words, the same way. Of
-- every stage the first record (X_at) and the first that is not implied (X_seen_at) are kept: only when they
-- are one is the time that of the stage.
--
-- One row: since, until, contacts that reached each of the eight stages, medians in seconds to the next one.
WITH bounds AS (
    SELECT coalesce($1::timestamptz, (date '1970-01-01' + $3::int)::timestamp AT TIME ZONE $5::text) AS since,
           coalesce($2::timestamptz, (date '1970-01-01' + $4::int)::timestamp AT TIME ZONE $5::text) AS until),
own AS MATERIALIZED (
    SELECT contact_id, max(to_stage) AS furthest, min(at) AS first_at,
           min(at) FILTER (WHERE to_stage = 'contact') AS contact_at,
           min(at) FILTER (WHERE to_stage = 'contact' AND NOT implied) AS contact_seen_at,
           min(at) FILTER (WHERE to_stage = 'prospect') AS prospect_at,
           min(at) FILTER (WHERE to_stage = 'prospect' AND NOT implied) AS prospect_seen_at,
           min(at) FILTER (WHERE to_stage = 'lead') AS lead_at,
           min(at) FILTER (WHERE to_stage = 'lead' AND NOT implied) AS lead_seen_at,
           min(at) FILTER (WHERE to_stage = 'mql') AS mql_at,
           min(at) FILTER (WHERE to_stage = 'mql' AND NOT implied) AS mql_seen_at,
           min(at) FILTER (WHERE to_stage = 'sal') AS sal_at,
           min(at) FILTER (WHERE to_stage = 'sal' AND NOT implied) AS sal_seen_at,
           min(at) FILTER (WHERE to_stage = 'sql') AS sql_at,
           min(at) FILTER (WHERE to_stage = 'sql' AND NOT implied) AS sql_seen_at,
           min(at) FILTER (WHERE to_stage = 'opportunity') AS opportunity_at,
           min(at) FILTER (WHERE to_stage = 'opportunity' AND NOT implied) AS opportunity_seen_at,
           min(at) FILTER (WHERE to_stage = 'customer') AS customer_at,
           min(at) FILTER (WHERE to_stage = 'customer' AND NOT implied) AS customer_seen_at
    FROM stage_change
    WHERE to_stage < 'disqualified'
    GROUP BY contact_id),
family AS MATERIALIZED (
    SELECT contact_id, merged_into AS survivor FROM contact WHERE merged_into IS NOT NULL
    UNION
    SELECT merged_into, merged_into FROM contact WHERE merged_into IS NOT NULL),
history AS (
    SELECT * FROM own WHERE contact_id NOT IN (SELECT contact_id FROM family)
    UNION ALL
    SELECT f.survivor, max(furthest), min(first_at),
           min(contact_at), min(contact_seen_at),
           min(prospect_at), min(prospect_seen_at),
           min(lead_at), min(lead_seen_at),
           min(mql_at), min(mql_seen_at),
           min(sal_at), min(sal_seen_at),
           min(sql_at), min(sql_seen_at),
           min(opportunity_at), min(opportunity_seen_at),
           min(customer_at), min(customer_seen_at)
    FROM family f JOIN own USING (contact_id)
    GROUP BY f.survivor),
cohort AS (
    SELECT furthest,
           CASE WHEN contact_seen_at = contact_at THEN contact_at END AS contact_at,
           CASE WHEN prospect_seen_at = prospect_at THEN prospect_at END AS prospect_at,
           CASE WHEN lead_seen_at = lead_at THEN lead_at END AS lead_at,
           CASE WHEN mql_seen_at = mql_at THEN mql_at END AS mql_at,
           CASE WHEN sal_seen_at = sal_at THEN sal_at END AS sal_at,
           CASE WHEN sql_seen_at = sql_at THEN sql_at END AS sql_at,
           CASE WHEN opportunity_seen_at = opportunity_at THEN opportunity_at END AS opportunity_at,
           CASE WHEN customer_seen_at = customer_at THEN customer_at END AS customer_at
    FROM history
    WHERE coalesce(contact_at, first_at) >= coalesce((SELECT since FROM bounds), '-infinity')
      AND coalesce(contact_at, first_at) < coalesce((SELECT until FROM bounds), 'infinity')),
span AS (
    SELECT furthest,
           extract(epoch FROM prospect_at - contact_at)::float8 AS contact_seconds,
           extract(epoch FROM lead_at - prospect_at)::float8 AS prospect_seconds,
           extract(epoch FROM mql_at - lead_at)::float8 AS lead_seconds,
           extract(epoch FROM sal_at - mql_at)::float8 AS mql_seconds,
           extract(epoch FROM sql_at - sal_at)::float8 AS sal_seconds,
           extract(epoch FROM opportunity_at - sql_at)::float8 AS sql_seconds,
           extract(epoch FROM customer_at - opportunity_at)::float8 AS opportunity_seconds
    FROM cohort)
SELECT (SELECT since FROM bounds), (SELECT until FROM bounds),
       count(*) FILTER (WHERE furthest >= 'contact'),
       count(*) FILTER (WHERE furthest >= 'prospect'),
       count(*) FILTER (WHERE furthest >= 'lead'),
       count(*) FILTER (WHERE furthest >= 'mql'),
       count(*) FILTER (WHERE furthest >= 'sal'),
       count(*) FILTER (WHERE furthest >= 'sql'),
       count(*) FILTER (WHERE furthest >= 'opportunity'),
       count(*) FILTER (WHERE furthest >= 'customer'),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY contact_seconds) FILTER (WHERE contact_seconds >= 0),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY prospect_seconds) FILTER (WHERE prospect_seconds >= 0),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY lead_seconds) FILTER (WHERE lead_seconds >= 0),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY mql_seconds) FILTER (WHERE mql_seconds >= 0),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY sal_seconds) FILTER (WHERE sal_seconds >= 0),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY sql_seconds) FILTER (WHERE sql_seconds >= 0),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY opportunity_seconds) FILTER (WHERE opportunity_seconds >= 0)
FROM span
