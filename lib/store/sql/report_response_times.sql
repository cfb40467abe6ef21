-- How fast it went, of the handoffs opened in a period (history apart), by group and speed.
-- $1 from and $2 to, as instants, or $3 and $4 as days since 1970, midnight in the zone $5; null: no bound.
-- $6 by what: rep, channel, campaign, form, purpose, or all. $7 and $8: a calendar and its version, in whose open time the
-- speeds are measured too; null: in none. What lies beyond what is known of it is not.
--
-- Speeds, each from one moment to another of a handoff; without the second it never was:
--   routing    the form post that opened it (opened by hand: its opening) -> it is somebody's, or accepted
--   contact    that moment -> the first attempt, as the rep says when it was; only of handoffs that are somebody's
--   response   the form post -> the first attempt: what the person who asked sees
--   verdict    its opening -> qualified, recycled or rejected; an objection, an erasure or a merge is no verdict
-- A pair that is out of order is counted apart and in no duration. Erasure changes none of this.
--
-- Rows: first one with the bounds alone, then for each group its speeds.
WITH bounds AS (
    SELECT coalesce($1::timestamptz, (date '1970-01-01' + $3::int)::timestamp AT TIME ZONE $5::text) AS since,
           coalesce($2::timestamptz, (date '1970-01-01' + $4::int)::timestamp AT TIME ZONE $5::text) AS until),
cohort AS MATERIALIZED (
    SELECT CASE $6::text WHEN 'rep' THEN h.assignee::text WHEN 'channel' THEN h.snapshot #>> '{contact,channel}'
                         WHEN 'campaign' THEN h.trigger ->> 'campaign' WHEN 'form' THEN h.trigger ->> 'form'
                         WHEN 'purpose' THEN h.purpose END AS name,
           coalesce(h.submitted_at, h.opened_at) AS asked_at, h.opened_at,
           least(h.assigned_at, h.accepted_at) AS taken_at,
           (SELECT min(a.at) FROM attempt a WHERE a.contact_id = h.contact_id AND a.handoff_id = h.handoff_id) AS tried_at,
           CASE WHEN h.qualified_at IS NOT NULL THEN h.qualified_at
                WHEN h.state IN ('recycled', 'rejected') AND coalesce(h.reason, '') NOT IN ('objection', 'erased', 'merge')
                THEN h.closed_at END AS judged_at
    FROM handoff h
    WHERE NOT h.historical AND h.opened_at >= coalesce((SELECT since FROM bounds), '-infinity')
      AND h.opened_at < coalesce((SELECT until FROM bounds), 'infinity')),
pair AS (
    SELECT c.name, s.rank, s.speed, extract(epoch FROM s.finished_at - s.started_at)::float8 AS seconds,
           CASE WHEN s.started_at >= v.starts_at AND s.finished_at BETWEEN s.started_at AND v.ends_at
                THEN s.open_finished - s.open_started END AS open_seconds
    FROM cohort c
    LEFT JOIN calendar_version v ON v.calendar_id = $7::uuid AND v.version = $8::int
    CROSS JOIN LATERAL (
        SELECT calendar_open_before($7::uuid, $8::int, c.asked_at) AS asked,
               calendar_open_before($7::uuid, $8::int, c.opened_at) AS opened,
               calendar_open_before($7::uuid, $8::int, c.taken_at) AS taken,
               calendar_open_before($7::uuid, $8::int, c.tried_at) AS tried,
               calendar_open_before($7::uuid, $8::int, c.judged_at) AS judged) AS o
    CROSS JOIN LATERAL (VALUES (1, 'routing', c.asked_at, c.taken_at, o.asked, o.taken),
                               (2, 'contact', c.taken_at, c.tried_at, o.taken, o.tried),
                               (3, 'response', c.asked_at, c.tried_at, o.asked, o.tried),
                               (4, 'verdict', c.opened_at, c.judged_at, o.opened, o.judged))
        AS s (rank, speed, started_at, finished_at, open_started, open_finished)
    WHERE s.started_at IS NOT NULL)
SELECT NULL AS speed, NULL AS name, 0::bigint AS handoffs, 0::bigint AS within_1h, 0::bigint AS within_24h,
       0::bigint AS later, 0::bigint AS never, 0::bigint AS out_of_order, NULL::float8 AS median_seconds, since, until,
       NULL::float8 AS median_open_seconds, 0 AS rank
FROM bounds
UNION ALL
SELECT p.speed, p.name, count(*), count(*) FILTER (WHERE p.seconds BETWEEN 0 AND 3600),
       count(*) FILTER (WHERE p.seconds > 3600 AND p.seconds <= 86400), count(*) FILTER (WHERE p.seconds > 86400),
       count(*) FILTER (WHERE p.seconds IS NULL), count(*) FILTER (WHERE p.seconds < 0),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY p.seconds) FILTER (WHERE p.seconds >= 0), NULL, NULL,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY p.open_seconds) FILTER (WHERE p.open_seconds IS NOT NULL), p.rank
FROM pair p
GROUP BY p.name, p.speed, p.rank
ORDER BY 13, 2 NULLS LAST
