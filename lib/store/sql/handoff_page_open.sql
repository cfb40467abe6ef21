-- Ids of handoffs that are not closed, newest first: older than $1 (null: the newest), in one of the states $2, of the assignee $3
-- (null: of anybody) or, with $4, of nobody. At most $5.
SELECT h.handoff_id
FROM handoff h
WHERE h.closed_at IS NULL AND h.handoff_id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
  AND h.state = ANY ($2::text[])
  AND ($3::uuid IS NULL OR h.assignee = $3::uuid) AND (NOT $4::boolean OR h.assignee IS NULL)
ORDER BY h.handoff_id DESC
LIMIT $5::int
