-- Working hours, expanded into rows: what a deadline is then is a search among them.
--
-- Local times become moments by two rules. Something opens at the first moment at which the clocks show its time
-- and closes at the last: when the clocks go back, there are two. A time that the clocks skip is the moment of the
-- skip, so a window that lies in the skipped hour vanishes. Days are counted as dates, never by adding intervals
-- of a day to a moment, which would depend on the session's time zone.

-- What a zone's clocks are ahead of UTC, from `since` until the next row, between two moments. Looked at every
-- six hours and then minute by minute: no zone changes twice in six hours, or between two minutes.
CREATE FUNCTION zone_offsets(zone text, first timestamptz, last timestamptz)
    RETURNS TABLE (since timestamptz, ahead_seconds integer)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
WITH sample AS (
    SELECT t, extract(epoch FROM (t AT TIME ZONE zone) - (t AT TIME ZONE 'UTC'))::integer AS ahead
    FROM generate_series(first, last, interval '6 hours') AS t),
change AS (
    SELECT s.t, s.ahead, lag(s.t) OVER w AS before, lag(s.ahead) OVER w AS ahead_before
    FROM sample s
    WINDOW w AS (ORDER BY s.t))
SELECT coalesce((SELECT min(m) FROM generate_series(c.before, c.t, interval '1 minute') AS m
                 WHERE extract(epoch FROM (m AT TIME ZONE zone) - (m AT TIME ZONE 'UTC'))::integer = c.ahead), c.t),
       c.ahead
FROM change c
WHERE c.ahead IS DISTINCT FROM c.ahead_before
ORDER BY 1
$$;

-- When it is open on the days from `first` to `last`. `hours` has windows by the day of the week:
-- {"monday": [["09:00", "12:30"], ["14:00", "24:00"]], …}; `exceptions` those of single days, which count more than
-- holidays: [{"date": "2026-12-24", "hours": [["09:00", "12:00"]]}, …]. Windows that touch or overlap are one.
CREATE FUNCTION calendar_spans(zone text, hours jsonb, holidays date[], exceptions jsonb, first date, last date)
    RETURNS TABLE (opens_at timestamptz, closes_at timestamptz, open_seconds_before bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
WITH segment AS MATERIALIZED (
    SELECT lag(o.since) OVER w IS NULL AS is_first, o.since, lead(o.since) OVER w AS until,
           o.ahead_seconds * interval '1 second' AS ahead
    FROM zone_offsets(zone, first::timestamp AT TIME ZONE 'UTC' - interval '72 hours',
                      last::timestamp AT TIME ZONE 'UTC' + interval '96 hours') o
    WINDOW w AS (ORDER BY o.since)),
special AS MATERIALIZED (
    SELECT (e ->> 'date')::date AS day, e -> 'hours' AS windows
    FROM jsonb_array_elements(CASE jsonb_typeof(exceptions) WHEN 'array' THEN exceptions ELSE '[]' END) AS e),
day AS (
    SELECT first + n AS day, (ARRAY['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'])
                                 [extract(isodow FROM first + n)::integer] AS weekday
    FROM generate_series(0, last - first) AS n),
opened AS (
    SELECT d.day, CASE WHEN x.day IS NOT NULL THEN x.windows
                       WHEN d.day = ANY (holidays) THEN NULL
                       ELSE hours -> d.weekday END AS windows
    FROM day d
    LEFT JOIN special x ON x.day = d.day),
wall AS (
    SELECT (o.day + (w.value ->> 0)::interval) AT TIME ZONE 'UTC' AS opens,
           (o.day + (w.value ->> 1)::interval) AT TIME ZONE 'UTC' AS closes
    FROM opened o
    CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(o.windows) WHEN 'array' THEN o.windows ELSE '[]' END) AS w),
moment AS (
    SELECT (SELECT min(CASE WHEN s.is_first THEN l.opens - s.ahead ELSE greatest(s.since, l.opens - s.ahead) END)
            FROM segment s
            WHERE s.until IS NULL OR l.opens - s.ahead < s.until) AS opens_at,
           (SELECT max(least(s.until, l.closes - s.ahead))
            FROM segment s
            WHERE s.is_first OR l.closes - s.ahead >= s.since) AS closes_at
    FROM wall l),
marked AS (
    SELECT m.opens_at, m.closes_at,
           m.opens_at > max(m.closes_at) OVER (ORDER BY m.opens_at, m.closes_at
                                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS is_apart
    FROM moment m
    WHERE m.opens_at < m.closes_at),
numbered AS (
    SELECT k.opens_at, k.closes_at, count(*) FILTER (WHERE k.is_apart) OVER (ORDER BY k.opens_at, k.closes_at) AS n
    FROM marked k),
span AS (
    SELECT min(u.opens_at) AS opens_at, max(u.closes_at) AS closes_at FROM numbered u GROUP BY u.n)
SELECT p.opens_at, p.closes_at,
       coalesce(sum(extract(epoch FROM p.closes_at - p.opens_at)::bigint)
                    OVER (ORDER BY p.opens_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint
FROM span p
ORDER BY p.opens_at
$$;

-- A calendar as it was at a version of its entry, and how far it is expanded. The organisation has one too, for its
-- time zone alone: it has no hours. An old version is kept as long as a clock counts by it.
CREATE TABLE calendar_version (
    calendar_id uuid NOT NULL,
    version     integer NOT NULL,
    body        jsonb NOT NULL, -- as in catalog_entry
    first_day   date NOT NULL,
    last_day    date NOT NULL,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    expanded_at timestamptz NOT NULL,
    PRIMARY KEY (calendar_id, version)
);
CREATE TABLE calendar_span (
    calendar_id         uuid NOT NULL,
    version             integer NOT NULL,
    opens_at            timestamptz NOT NULL,
    closes_at           timestamptz NOT NULL,
    open_seconds_before bigint NOT NULL,
    PRIMARY KEY (calendar_id, version, opens_at)
);
CREATE INDEX calendar_span_sum ON calendar_span (calendar_id, version, open_seconds_before);
CREATE TABLE calendar_zone (
    calendar_id   uuid NOT NULL,
    version       integer NOT NULL,
    since         timestamptz NOT NULL,
    ahead_seconds integer NOT NULL,
    PRIMARY KEY (calendar_id, version, since)
);

-- Open seconds from the beginning of the expansion to a moment.
CREATE FUNCTION calendar_open_before(calendar uuid, of_version integer, at timestamptz) RETURNS double precision
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT coalesce((SELECT s.open_seconds_before + extract(epoch FROM least(at, s.closes_at) - s.opens_at)::float8
                 FROM calendar_span s
                 WHERE s.calendar_id = calendar AND s.version = of_version AND s.opens_at <= at
                 ORDER BY s.opens_at DESC
                 LIMIT 1), 0)
$$;

-- The earliest moment with so many of them, more than 0; null beyond the expansion.
CREATE FUNCTION calendar_at_open(calendar uuid, of_version integer, open_seconds double precision) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT CASE WHEN s.opens_at + make_interval(secs => open_seconds - s.open_seconds_before) <= s.closes_at
            THEN s.opens_at + make_interval(secs => open_seconds - s.open_seconds_before) END
FROM calendar_span s
WHERE s.calendar_id = calendar AND s.version = of_version AND s.open_seconds_before < open_seconds
ORDER BY s.open_seconds_before DESC
LIMIT 1
$$;

-- A moment to come, after a pause: later by its open time, so that as much is left as was; by its whole length without
-- a calendar, or where the expansion ends. lib/domain/calendar.c has the same rule.
CREATE FUNCTION after_pause(calendar uuid, of_version integer, due timestamptz, paused timestamptz, resumed timestamptz)
    RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT CASE
    WHEN resumed <= paused OR (calendar IS NOT NULL AND o.at_end = o.at_start) THEN due
    WHEN calendar IS NULL THEN due + (resumed - paused)
    WHEN o.at_due > o.at_start
        THEN coalesce(calendar_at_open(calendar, of_version, o.at_due + o.at_end - o.at_start), due + (resumed - paused))
    ELSE coalesce((SELECT greatest(s.opens_at, resumed)
                   FROM calendar_span s
                   WHERE s.calendar_id = calendar AND s.version = of_version AND s.closes_at > resumed
                   ORDER BY s.opens_at
                   LIMIT 1), due + (resumed - paused)) END
FROM (SELECT calendar_open_before(calendar, of_version, due) AS at_due,
             calendar_open_before(calendar, of_version, paused) AS at_start,
             calendar_open_before(calendar, of_version, resumed) AS at_end) AS o
$$;

-- Which version of its policy a clock was started by, and by which calendar it counts (null: elapsed time).
ALTER TABLE sla_clock
    ADD COLUMN policy_version integer,
    ADD COLUMN calendar_id uuid,
    ADD COLUMN calendar_version integer;
CREATE INDEX sla_clock_calendar ON sla_clock (calendar_id, calendar_version) WHERE calendar_id IS NOT NULL;
