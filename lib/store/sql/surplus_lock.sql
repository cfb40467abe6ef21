-- Handoffs delivered beyond what was agreed at most for the present period, whose clocks still run: those opened
-- last. Locks their contacts (after a merge the survivors); busy ones are for the next round. At most $1.
WITH clock AS MATERIALIZED (SELECT relais_now() AS now),
surplus AS MATERIALIZED (
    SELECT r.contact_id, r.handoff_id
    FROM catalog_entry c
    CROSS JOIN clock n
    CROSS JOIN (SELECT e.body ->> 'time_zone' AS zone FROM catalog_entry e WHERE e.kind = 'organisation') AS o
    CROSS JOIN LATERAL commitment_bounds(c.body #>> '{period,every}', c.body #>> '{period,starts}', o.zone, n.now) AS b
    CROSS JOIN LATERAL commitment_in_force(c.id, b.since) AS d
    CROSS JOIN LATERAL (
        SELECT h.contact_id, h.handoff_id, h.closed_at, row_number() OVER (ORDER BY h.opened_at, h.handoff_id) AS place
        FROM handoff h
        WHERE h.handoff_id >= first_id_at(b.since) AND h.opened_at >= b.since AND h.opened_at < b.until
          AND NOT h.historical
          AND (commitment_filter(d.body) IS NULL
               OR EXISTS (SELECT FROM handoff_match m
                          WHERE m.contact_id = h.contact_id AND m.handoff_id = h.handoff_id
                            AND m.filter = commitment_filter(d.body) AND m.is_match))) AS r
    WHERE c.kind = 'commitment' AND (c.body ->> 'active')::boolean AND (d.body ->> 'capacity') IS NOT NULL
      AND r.place > (d.body ->> 'capacity')::bigint AND r.closed_at IS NULL
      AND EXISTS (SELECT FROM sla_clock k
                  WHERE k.contact_id = r.contact_id AND k.handoff_id = r.handoff_id
                    AND (k.state = 'paused' OR (k.state = 'running' AND k.due_at > n.now)))
    LIMIT $1::int),
owner AS MATERIALIZED (
    SELECT s.contact_id, s.handoff_id, coalesce(m.merged_into, m.contact_id) AS locked_id
    FROM surplus s JOIN contact m ON m.contact_id = s.contact_id)
SELECT o.contact_id, o.handoff_id
FROM owner o
WHERE pg_try_advisory_xact_lock(contact_lock_key(o.locked_id))
ORDER BY o.locked_id
