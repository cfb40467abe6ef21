-- What became of the promises: each period of each commitment that begins from $1 (or the day $3) to before $2 (or $4),
-- bare dates as days since 1970 in the zone $5; without a beginning from the first day of the month before. $6 is the
-- organisation's currency, $7 the metrics of which each member does a part, $8 and $9 how many periods and rows there are at
-- most: with more periods none is measured, rows are cut behind $9.
--
-- A period is in it when it was frozen, or will be: what was never promised (before it was made, while it was switched
-- off) is not. Frozen numbers are those that were kept; beside them stands what would be counted now. A running period has
-- only the latter.
--
-- Rows: of each period first the team's (level 'team'), whose numbers are the columns of a standing and the frozen ones;
-- then one for each member who has a part of the numbers, or belongs to the team that promised and was there before the
-- period's end ('member'; its own numbers, null where members have none); what was nobody's is a member null. Without any
-- period one row with level null. since, until and the number of periods stand in each.
WITH RECURSIVE clock AS MATERIALIZED (SELECT relais_now() AS now),
bounds AS MATERIALIZED (
    SELECT coalesce($1::timestamptz, local_day_start(date '1970-01-01' + $3::int, $5::text),
                    local_day_start((date_trunc('month', n.now AT TIME ZONE $5::text) - interval '1 month')::date, $5::text))
               AS since,
           coalesce($2::timestamptz, local_day_start(date '1970-01-01' + $4::int, $5::text)) AS until
    FROM clock n),
running AS (
    SELECT n.commitment, n.every, n.starts, n.since, n.until
    FROM clock c, commitment_next($5::text) AS n
    WHERE n.since <= c.now
    UNION ALL
    SELECT r.commitment, r.every, r.starts, b.since, b.until
    FROM running r, clock c, commitment_bounds(r.every, r.starts, $5::text, r.until) AS b
    WHERE r.until <= c.now),
chosen AS MATERIALIZED (
    SELECT p.commitment, p.since, p.until
    FROM (SELECT r.commitment, r.since, r.until FROM running r
          UNION ALL
          SELECT f.commitment_id, f.period_start, f.period_end FROM commitment_period f) AS p, bounds b
    WHERE p.since >= b.since AND p.since < coalesce(b.until, 'infinity')),
size AS MATERIALIZED (SELECT count(*) AS periods FROM chosen),
period AS MATERIALIZED (
    SELECT p.commitment, p.since, p.until, d.version, d.body, c.body ->> 'name' AS name, c.created_at,
           d.body ->> 'metric' AS metric, commitment_filter(d.body) AS filter, d.body ->> 'team' AS team,
           d.body ->> 'metric' = ANY ($7::text[]) AS has_parts
    FROM size z
    JOIN chosen p ON z.periods <= $8::int
    JOIN catalog_entry c ON c.id = p.commitment
    CROSS JOIN LATERAL commitment_in_force(p.commitment, p.since) AS d),
live AS MATERIALIZED (
    SELECT p.commitment, p.since, s.member, sum(s.numerator)::bigint AS numerator, sum(s.denominator)::bigint AS denominator,
           sum(s.pending)::bigint AS pending
    FROM period p
    CROSS JOIN clock n
    CROSS JOIN LATERAL commitment_part(p.metric, p.since, p.until, p.filter, $6::text, $5::text, n.now) AS s
    GROUP BY p.commitment, p.since, s.member),
kept AS MATERIALIZED (
    SELECT p.commitment, p.since, k.member, sum(k.numerator)::bigint AS numerator, sum(k.denominator)::bigint AS denominator,
           sum(k.pending)::bigint AS pending
    FROM period p
    JOIN commitment_subject k ON k.commitment_id = p.commitment AND k.period_start = p.since
    WHERE p.has_parts
    GROUP BY p.commitment, p.since, k.member),
whole AS (
    SELECT p.commitment, p.since, coalesce(sum(l.numerator), 0)::bigint AS numerator, sum(l.denominator)::bigint AS denominator,
           coalesce(sum(l.pending), 0)::bigint AS pending
    FROM period p
    LEFT JOIN live l ON l.commitment = p.commitment AND l.since = p.since
    GROUP BY p.commitment, p.since),
standing AS MATERIALIZED (
    SELECT n.now, p.commitment, p.name, p.since, p.until, p.version, p.team, p.metric,
           (p.body ->> 'at_most') IS NOT NULL AS is_at_most,
           coalesce(p.body ->> 'at_least', p.body ->> 'at_most')::float8 AS target,
           (p.since AT TIME ZONE $5::text)::date::text AS period, w.numerator, w.denominator, w.pending, e.share,
           e.next_step_at, t.numerators, t.denominators, NULL::bigint AS capacity, NULL::bigint AS excused,
           f.frozen_at, f.version AS frozen_version, f.target AS frozen_target, f.numerator AS frozen_numerator,
           f.denominator AS frozen_denominator, f.pending AS frozen_pending, f.actual, f.state, p.created_at, p.has_parts
    FROM period p
    CROSS JOIN clock n
    JOIN whole w ON w.commitment = p.commitment AND w.since = p.since
    CROSS JOIN LATERAL commitment_pace(p.since, p.until, $5::text, n.now, (p.body ->> 'calendar')::uuid) AS e
    CROSS JOIN LATERAL commitment_past(p.commitment, p.since) AS t
    LEFT JOIN commitment_period f ON f.commitment_id = p.commitment AND f.period_start = p.since),
part AS (
    SELECT s.commitment, s.since, l.member FROM standing s JOIN live l USING (commitment, since) WHERE s.has_parts
    UNION
    SELECT k.commitment, k.since, k.member FROM kept k
    UNION
    SELECT s.commitment, s.since, m.id
    FROM standing s
    JOIN catalog_entry m ON m.kind = 'member' AND (m.body ->> 'active')::boolean AND m.created_at < s.until
     AND (m.body ->> 'team' = s.team OR (s.team = 'both' AND m.body ->> 'team' IN ('marketing', 'sales')))),
line AS (
    SELECT s.*, 'team' AS level, NULL::uuid AS member, NULL AS member_name, NULL AS member_team,
           NULL::bigint AS kept_numerator, NULL::bigint AS kept_denominator, NULL::bigint AS kept_pending,
           NULL::bigint AS live_numerator, NULL::bigint AS live_denominator, NULL::bigint AS live_pending
    FROM standing s
    UNION ALL
    SELECT s.*, 'member', a.member, m.body ->> 'name', m.body ->> 'team',
           CASE WHEN s.has_parts THEN coalesce(k.numerator, 0) END, k.denominator, CASE WHEN s.has_parts THEN coalesce(k.pending, 0) END,
           CASE WHEN s.has_parts THEN coalesce(l.numerator, 0) END, CASE WHEN s.has_parts THEN l.denominator END,
           CASE WHEN s.has_parts THEN coalesce(l.pending, 0) END
    FROM standing s
    JOIN part a USING (commitment, since)
    LEFT JOIN catalog_entry m ON m.id = a.member AND m.kind = 'member'
    LEFT JOIN kept k ON k.commitment = a.commitment AND k.since = a.since AND k.member IS NOT DISTINCT FROM a.member
    LEFT JOIN live l ON l.commitment = a.commitment AND l.since = a.since AND l.member IS NOT DISTINCT FROM a.member)
SELECT l.now, l.commitment, l.name, l.since, l.until, l.version, l.team, l.metric, l.is_at_most, l.target, l.period, l.numerator,
       l.denominator, l.pending, l.share, l.next_step_at, l.numerators, l.denominators, l.capacity, l.excused, l.frozen_at,
       l.frozen_version, l.frozen_target, l.frozen_numerator, l.frozen_denominator, l.frozen_pending, l.actual, l.state,
       l.level, l.member, l.member_name, l.member_team, l.kept_numerator, l.kept_denominator, l.kept_pending, l.live_numerator,
       l.live_denominator, l.live_pending, b.since, b.until, z.periods
FROM bounds b
CROSS JOIN size z
LEFT JOIN line l ON true
ORDER BY l.created_at, l.commitment, l.since, l.level DESC, l.member_team, l.member_name, l.member
LIMIT $9::int
