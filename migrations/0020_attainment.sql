-- The next period of each active commitment that is to be frozen: after the last frozen one; the first one is that in
-- which the commitment was made; after it was switched off, the first that begins when it is on again.
CREATE FUNCTION commitment_next(zone text)
    RETURNS TABLE (commitment uuid, every text, starts text, since timestamptz, until timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT p.id, p.every, p.starts, n.since, n.until
FROM (SELECT c.id, c.body #>> '{period,every}' AS every, c.body #>> '{period,starts}' AS starts,
             (SELECT max(f.period_end) FROM commitment_period f WHERE f.commitment_id = c.id) AS last_end, d.made_at, d.version
      FROM catalog_entry c
      CROSS JOIN LATERAL (
          SELECT m.made_at, m.version
          FROM commitment_definition m
          WHERE m.commitment_id = c.id
            AND m.version > coalesce((SELECT max(x.version) FROM commitment_definition x
                                      WHERE x.commitment_id = c.id AND NOT (x.body ->> 'active')::boolean), 0)
          ORDER BY m.version
          LIMIT 1) AS d
      WHERE c.kind = 'commitment' AND (c.body ->> 'active')::boolean) AS p
CROSS JOIN LATERAL commitment_bounds(p.every, p.starts, zone, p.made_at) AS f
CROSS JOIN LATERAL commitment_bounds(
    p.every, p.starts, zone,
    greatest(CASE WHEN p.version = 1 OR f.since = p.made_at THEN f.since ELSE f.until END, p.last_end)) AS n
$$;
