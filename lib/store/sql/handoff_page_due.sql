-- Ids of handoffs, the one whose promise ends first in front, then those without one that runs, newest first: in one
-- of the states $1, of the assignee $2 (null: of anybody) or, with $3, of nobody; at most $4. The page begins behind
-- the deadline $5 and its clock $6, among those without a promise behind the handoff $7 (null: from the beginning).
-- With $8 no closed ones are wanted. A handoff stands where its first clock ends; a resting clock does not count.
--
-- LATERAL with LIMIT 1: the clocks are walked in the order of their deadlines until there are enough, whatever the
-- statistics say.
WITH due AS MATERIALIZED (
    SELECT k.handoff_id, k.due_at, k.clock_id
    FROM sla_clock k
    CROSS JOIN LATERAL (
        SELECT x.handoff_id FROM handoff x
        WHERE x.contact_id = k.contact_id AND x.handoff_id = k.handoff_id AND x.state = ANY ($1::text[])
          AND ($2::uuid IS NULL OR x.assignee = $2::uuid) AND (NOT $3::boolean OR x.assignee IS NULL)
        LIMIT 1) AS h
    CROSS JOIN LATERAL (
        SELECT o.clock_id FROM sla_clock o
        WHERE o.contact_id = k.contact_id AND o.handoff_id = k.handoff_id AND o.ended_at IS NULL
          AND o.state <> 'paused'
        ORDER BY o.due_at, o.clock_id
        LIMIT 1) AS earliest
    WHERE k.ended_at IS NULL AND k.state <> 'paused'
      AND (k.due_at, k.clock_id) > (coalesce($5::timestamptz, '-infinity'::timestamptz),
                                    coalesce($6::uuid, '00000000-0000-0000-0000-000000000000'::uuid))
      AND earliest.clock_id = k.clock_id
    ORDER BY k.due_at, k.clock_id
    LIMIT $4::int),
calm AS MATERIALIZED (
    (SELECT h.handoff_id FROM handoff h
     WHERE $8::boolean AND (SELECT count(*) FROM due) < $4::int
       AND h.closed_at IS NULL
       AND h.handoff_id < coalesce($7::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
       AND h.state = ANY ($1::text[])
       AND ($2::uuid IS NULL OR h.assignee = $2::uuid) AND (NOT $3::boolean OR h.assignee IS NULL)
       AND (SELECT k.clock_id FROM sla_clock k
            WHERE k.contact_id = h.contact_id AND k.handoff_id = h.handoff_id AND k.ended_at IS NULL
              AND k.state <> 'paused' LIMIT 1) IS NULL
     ORDER BY h.handoff_id DESC
     LIMIT $4::int)
    UNION ALL
    (SELECT h.handoff_id FROM handoff h
     WHERE NOT $8::boolean AND (SELECT count(*) FROM due) < $4::int
       AND h.handoff_id < coalesce($7::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
       AND h.state = ANY ($1::text[])
       AND ($2::uuid IS NULL OR h.assignee = $2::uuid) AND (NOT $3::boolean OR h.assignee IS NULL)
       AND (SELECT k.clock_id FROM sla_clock k
            WHERE k.contact_id = h.contact_id AND k.handoff_id = h.handoff_id AND k.ended_at IS NULL
              AND k.state <> 'paused' LIMIT 1) IS NULL
     ORDER BY h.handoff_id DESC
     LIMIT $4::int))
SELECT p.handoff_id, p.due_at, p.clock_id
FROM (SELECT d.handoff_id, d.due_at, d.clock_id FROM due d
      UNION ALL
      SELECT c.handoff_id, NULL, NULL FROM calm c) AS p
ORDER BY p.due_at NULLS LAST, p.clock_id, p.handoff_id DESC
LIMIT $4::int
