-- What is behind a commitment's numbers, and the pace by a calendar.

-- How much of a period's open time is over, in whole hours, and when more of it will be: by the opening hours of a
-- calendar, as it is now; where it is not expanded, or there is none, the days from Monday to Friday.
CREATE FUNCTION commitment_pace(since timestamptz, until timestamptz, zone text, at timestamptz, calendar uuid)
    RETURNS TABLE (share double precision, next_step_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
WITH hour AS (SELECT greatest(since, least(until, date_trunc('hour', at))) AS now),
span AS MATERIALIZED (
    SELECT greatest(s.opens_at, since) AS opens, least(s.closes_at, until) AS closes
    FROM calendar_span s
    WHERE s.calendar_id = calendar
      AND s.version = (SELECT max(v.version) FROM calendar_version v WHERE v.calendar_id = calendar)
      AND s.opens_at < until AND s.closes_at > since),
own AS (
    SELECT sum(extract(epoch FROM least(greatest(h.now, s.opens), s.closes) - s.opens))
               / sum(extract(epoch FROM s.closes - s.opens)) AS share,
           min(least(greatest(h.now, s.opens) + interval '1 hour', s.closes)) FILTER (WHERE s.closes > h.now) AS next_step_at
    FROM span s, hour h)
SELECT o.share::double precision, o.next_step_at FROM own o WHERE EXISTS (SELECT FROM span)
UNION ALL
SELECT p.share, p.next_step_at FROM commitment_pace(since, until, zone, at) AS p WHERE NOT EXISTS (SELECT FROM span)
$$;

CREATE OR REPLACE FUNCTION commitment_standing(commitment uuid, since timestamptz, until timestamptz, zone text,
                                               currency text, now_at timestamptz)
    RETURNS TABLE (version integer, team text, metric text, is_at_most boolean, target double precision,
                   period text, numerator bigint, denominator bigint, pending bigint, share double precision,
                   next_step_at timestamptz, past_numerators double precision[], past_denominators double precision[],
                   capacity bigint, excused bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT d.version, d.body ->> 'team', d.body ->> 'metric', (d.body ->> 'at_most') IS NOT NULL,
       coalesce(d.body ->> 'at_least', d.body ->> 'at_most')::float8, (since AT TIME ZONE zone)::date::text,
       t.numerator, t.denominator, t.pending, p.share, p.next_step_at, w.numerators, w.denominators,
       (d.body ->> 'capacity')::bigint,
       CASE WHEN d.body ->> 'capacity' IS NOT NULL THEN commitment_excused(since, until, commitment_filter(d.body)) END
FROM commitment_in_force(commitment, since) AS d
CROSS JOIN LATERAL commitment_pace(since, until, zone, now_at, (d.body ->> 'calendar')::uuid) AS p
CROSS JOIN commitment_past(commitment, since) AS w
CROSS JOIN LATERAL (
    SELECT coalesce(sum(s.numerator), 0)::bigint AS numerator, sum(s.denominator)::bigint AS denominator,
           coalesce(sum(s.pending), 0)::bigint AS pending
    FROM commitment_part(d.body ->> 'metric', since, until, commitment_filter(d.body), currency, zone, now_at) AS s) AS t
$$;

-- The things behind the numbers of a period: those that were kept when it was frozen, else those that count now.
CREATE FUNCTION commitment_subjects(commitment uuid, since timestamptz, until timestamptz, zone text, currency text,
                                    now_at timestamptz)
    RETURNS TABLE (subject_id uuid, contact_id uuid, at timestamptz, member uuid, numerator bigint,
                   denominator bigint, pending bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT k.subject_id, k.contact_id, k.at, k.member, k.numerator, k.denominator, k.pending
FROM commitment_subject k
WHERE k.commitment_id = commitment AND k.period_start = since
UNION ALL
SELECT s.*
FROM commitment_in_force(commitment, since) AS d
CROSS JOIN LATERAL commitment_part(d.body ->> 'metric', since, until, commitment_filter(d.body), currency, zone, now_at)
    AS s
WHERE NOT EXISTS (SELECT FROM commitment_period f WHERE f.commitment_id = commitment AND f.period_start = since)
$$;

-- An id for the pages of the list. The table is empty: nothing wrote to it until now.
ALTER TABLE traffic ADD COLUMN traffic_id uuid NOT NULL;
