-- Expands the version $2 of the calendar $1, whose body is $3 and whose holidays are $4, from the day $5 to the day $6.
WITH calendar AS MATERIALIZED (
    SELECT b.body, b.body ->> 'time_zone' AS zone, $5::text::date AS first_day, $6::text::date AS last_day
    FROM (SELECT $3::text::jsonb AS body) AS b),
span AS (
    INSERT INTO calendar_span (calendar_id, version, opens_at, closes_at, open_seconds_before)
    SELECT $1::uuid, $2::integer, s.opens_at, s.closes_at, s.open_seconds_before
    FROM calendar c
    CROSS JOIN LATERAL calendar_spans(c.zone, c.body -> 'hours', $4::text[]::date[], c.body -> 'exceptions',
                                      c.first_day, c.last_day) AS s),
zone AS (
    INSERT INTO calendar_zone (calendar_id, version, since, ahead_seconds)
    SELECT $1::uuid, $2::integer, z.since, z.ahead_seconds
    FROM calendar c
    CROSS JOIN LATERAL zone_offsets(c.zone, c.first_day::timestamp AT TIME ZONE 'UTC' - interval '72 hours',
                                    c.last_day::timestamp AT TIME ZONE 'UTC' + interval '96 hours') AS z)
INSERT INTO calendar_version (calendar_id, version, body, first_day, last_day, starts_at, ends_at, expanded_at)
SELECT $1::uuid, $2::integer, c.body, c.first_day, c.last_day, c.first_day::timestamp AT TIME ZONE c.zone,
       (c.last_day + 1)::timestamp AT TIME ZONE c.zone, $7::timestamptz
FROM calendar c
