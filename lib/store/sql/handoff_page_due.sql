-- Ids of handoffs with a promise to keep, the one that ends first in front: behind the deadline $1 and its clock
-- $2, in one of the states $3, of the assignee $4 (null: of anybody) or, with $5, of nobody. At most $6. A handoff
-- stands where its first clock ends; a resting clock does not count. The inner selects are LATERAL with a limit so
-- that the clocks are walked in the order of their deadlines until there are enough.
SELECT k.handoff_id, k.due_at, k.clock_id
FROM sla_clock k
CROSS JOIN LATERAL (
    SELECT h.handoff_id FROM handoff h
    WHERE h.contact_id = k.contact_id AND h.handoff_id = k.handoff_id AND h.state = ANY ($3::text[])
      AND ($4::uuid IS NULL OR h.assignee = $4::uuid) AND (NOT $5::boolean OR h.assignee IS NULL)
    LIMIT 1) AS h
CROSS JOIN LATERAL (
    SELECT o.clock_id FROM sla_clock o
    WHERE o.contact_id = k.contact_id AND o.handoff_id = k.handoff_id AND o.ended_at IS NULL
      AND o.state <> 'paused'
    ORDER BY o.due_at, o.clock_id
    LIMIT 1) AS first_clock
WHERE k.ended_at IS NULL AND k.state <> 'paused' AND (k.due_at, k.clock_id) > ($1::timestamptz, $2::uuid)
  AND first_clock.clock_id = k.clock_id
ORDER BY k.due_at, k.clock_id
LIMIT $6::int
