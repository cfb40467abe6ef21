-- The next period of each active commitment that is to be frozen, and when: so many days after its end as its
-- definition lets it settle, and a moment for what is being committed.
WITH organisation AS MATERIALIZED (
    SELECT e.body ->> 'time_zone' AS zone FROM catalog_entry e WHERE e.kind = 'organisation')
SELECT n.commitment, n.since,
       local_day_start((n.until AT TIME ZONE o.zone)::date + (d.body ->> 'settle_days')::int, o.zone)
           + interval '15 seconds' AS due_at
FROM organisation o
CROSS JOIN LATERAL commitment_next(o.zone) AS n
CROSS JOIN LATERAL commitment_in_force(n.commitment, n.since) AS d
ORDER BY due_at, n.commitment
LIMIT 1
