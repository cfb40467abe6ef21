-- Ids of handoffs of the assignee $2, newest first: older than $1 (null: the newest), in one of the states $3. At
-- most $4.
SELECT h.handoff_id
FROM handoff h
WHERE h.assignee = $2::uuid
  AND h.handoff_id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
  AND h.state = ANY ($3::text[])
ORDER BY h.handoff_id DESC
LIMIT $4::int
