-- Freezes the period of the commitment $1 that begins at $2: its numbers and the things behind them, as they are in
-- this one snapshot, once: of several instances the others find it done. Returns what the event tells, or no row.
WITH clock AS MATERIALIZED (SELECT relais_now() AS now),
promise AS MATERIALIZED (
    SELECT c.id, b.since, b.until, o.zone, o.currency, d.version, n.now, d.body ->> 'metric' AS metric,
           commitment_filter(d.body) AS filter,
           (d.body ->> 'at_most') IS NOT NULL AS is_at_most,
           coalesce(d.body ->> 'at_least', d.body ->> 'at_most')::float8 AS target,
           d.body ->> 'metric' IN ('leads_captured', 'leads_delivered', 'revenue') AS is_sum
    FROM catalog_entry c
    CROSS JOIN clock n
    CROSS JOIN (SELECT e.body ->> 'time_zone' AS zone, e.body ->> 'currency' AS currency
                FROM catalog_entry e WHERE e.kind = 'organisation') AS o
    CROSS JOIN LATERAL commitment_bounds(c.body #>> '{period,every}', c.body #>> '{period,starts}', o.zone,
                                         $2::timestamptz) AS b
    CROSS JOIN LATERAL commitment_in_force(c.id, b.since) AS d
    WHERE c.id = $1::uuid AND c.kind = 'commitment'),
part AS MATERIALIZED (
    SELECT s.subject_id, min(s.contact_id::text)::uuid AS contact_id, min(s.at) AS at, min(s.member::text)::uuid AS member,
           sum(s.numerator)::bigint AS numerator, sum(s.denominator)::bigint AS denominator,
           sum(s.pending)::bigint AS pending
    FROM promise p
    CROSS JOIN LATERAL commitment_part(p.metric, p.since, p.until, p.filter, p.currency, p.zone, p.now) AS s
    GROUP BY s.subject_id),
total AS (
    SELECT coalesce(sum(numerator), 0)::bigint AS numerator, coalesce(sum(denominator), 0)::bigint AS denominator,
           coalesce(sum(pending), 0)::bigint AS pending
    FROM part),
judged AS (
    SELECT p.*, t.numerator, CASE WHEN NOT p.is_sum THEN t.denominator END AS denominator, t.pending,
           CASE WHEN p.is_sum THEN t.numerator::float8 ELSE t.numerator::float8 / nullif(t.denominator, 0) END AS actual
    FROM promise p, total t),
frozen AS (
    INSERT INTO commitment_period (commitment_id, period_start, period_end, version, target, numerator, denominator,
                                   pending, actual, state, frozen_at)
    SELECT j.id, j.since, j.until, j.version, j.target, j.numerator, j.denominator, j.pending, j.actual,
           CASE WHEN j.actual IS NULL OR CASE WHEN j.is_at_most THEN j.actual <= j.target ELSE j.actual >= j.target END
                THEN 'met' ELSE 'missed' END, j.now
    FROM judged j
    ON CONFLICT (commitment_id, period_start) DO NOTHING
    RETURNING commitment_id, period_start, target, actual, state, frozen_at),
kept AS (
    INSERT INTO commitment_subject (commitment_id, period_start, subject_id, contact_id, at, member, numerator,
                                    denominator, pending)
    SELECT f.commitment_id, f.period_start, p.subject_id, p.contact_id, p.at, p.member, p.numerator, p.denominator,
           p.pending
    FROM part p, frozen f)
SELECT f.commitment_id, f.period_start, f.target, f.actual, f.state, f.frozen_at FROM frozen f
