-- What a definition says is read once for a period, not for each row that is compared with it: with 1,000,000 contacts
-- that is three quarters of the time that the numbers of a month take.

CREATE OR REPLACE FUNCTION commitment_standing(commitment uuid, since timestamptz, until timestamptz, zone text,
                                               currency text, now_at timestamptz)
    RETURNS TABLE (version integer, team text, metric text, is_at_most boolean, target double precision,
                   period text, numerator bigint, denominator bigint, pending bigint, share double precision,
                   next_step_at timestamptz, past_numerators double precision[], past_denominators double precision[],
                   capacity bigint, excused bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
WITH promise AS MATERIALIZED (
    SELECT d.version, d.body, d.body ->> 'metric' AS metric, commitment_filter(d.body) AS filter,
           (d.body ->> 'calendar')::uuid AS calendar
    FROM commitment_in_force(commitment, since) AS d)
SELECT d.version, d.body ->> 'team', d.metric, (d.body ->> 'at_most') IS NOT NULL,
       coalesce(d.body ->> 'at_least', d.body ->> 'at_most')::float8, (since AT TIME ZONE zone)::date::text,
       t.numerator, t.denominator, t.pending, p.share, p.next_step_at, w.numerators, w.denominators,
       (d.body ->> 'capacity')::bigint,
       CASE WHEN d.body ->> 'capacity' IS NOT NULL THEN commitment_excused(since, until, d.filter) END
FROM promise d
CROSS JOIN LATERAL commitment_pace(since, until, zone, now_at, d.calendar) AS p
CROSS JOIN commitment_past(commitment, since) AS w
CROSS JOIN LATERAL (
    SELECT coalesce(sum(s.numerator), 0)::bigint AS numerator, sum(s.denominator)::bigint AS denominator,
           coalesce(sum(s.pending), 0)::bigint AS pending
    FROM commitment_part(d.metric, since, until, d.filter, currency, zone, now_at) AS s) AS t
$$;

CREATE OR REPLACE FUNCTION commitment_subjects(commitment uuid, since timestamptz, until timestamptz, zone text, currency text,
                                               now_at timestamptz)
    RETURNS TABLE (subject_id uuid, contact_id uuid, at timestamptz, member uuid, numerator bigint,
                   denominator bigint, pending bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
WITH promise AS MATERIALIZED (
    SELECT d.body ->> 'metric' AS metric, commitment_filter(d.body) AS filter
    FROM commitment_in_force(commitment, since) AS d
    WHERE NOT EXISTS (SELECT FROM commitment_period f WHERE f.commitment_id = commitment AND f.period_start = since))
SELECT k.subject_id, k.contact_id, k.at, k.member, k.numerator, k.denominator, k.pending
FROM commitment_subject k
WHERE k.commitment_id = commitment AND k.period_start = since
UNION ALL
SELECT s.*
FROM promise d
CROSS JOIN LATERAL commitment_part(d.metric, since, until, d.filter, currency, zone, now_at) AS s
$$;

-- Contacts that were merged into another one. The range is all ids there can be: "not null" is what nearly all rows are to
-- a planner without statistics, which then reads the whole table; a range it takes for narrow, and goes by the index.
CREATE FUNCTION contact_merged() RETURNS TABLE (contact_id uuid, survivor uuid)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT c.contact_id, c.merged_into
FROM contact c
WHERE c.merged_into BETWEEN '00000000-0000-0000-0000-000000000000' AND 'ffffffff-ffff-ffff-ffff-ffffffffffff'
$$;

CREATE OR REPLACE FUNCTION lead_captured(since timestamptz, until timestamptz) RETURNS TABLE (contact_id uuid, at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT s.contact_id, s.at
FROM stage_change s
LEFT JOIN (SELECT f.contact_id FROM contact_merged() AS f
           UNION
           SELECT f.survivor FROM contact_merged() AS f) AS m ON m.contact_id = s.contact_id
WHERE s.at >= since AND s.at < until
  AND s.to_stage >= 'lead' AND s.to_stage < 'disqualified' AND (s.from_stage IS NULL OR s.from_stage < 'lead')
  AND s.reason IS DISTINCT FROM 'merge'
  AND (m.contact_id IS NULL
       OR NOT EXISTS (
           SELECT FROM contact c
           CROSS JOIN LATERAL (
               SELECT coalesce(c.merged_into, c.contact_id) AS contact_id
               UNION ALL
               SELECT o.contact_id FROM contact o WHERE o.merged_into = coalesce(c.merged_into, c.contact_id)) AS o
           JOIN stage_change e ON e.contact_id = o.contact_id
           WHERE c.contact_id = s.contact_id AND o.contact_id <> c.contact_id
             AND e.to_stage >= 'lead' AND e.to_stage < 'disqualified' AND (e.from_stage IS NULL OR e.from_stage < 'lead')
             AND e.reason IS DISTINCT FROM 'merge' AND (e.at, e.contact_id) < (s.at, s.contact_id)))
$$;
