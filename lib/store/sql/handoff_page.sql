-- Ids of handoffs, newest first: older than $1, in one of the states $2, of the assignee $3
-- (null: of anybody) or, with $4, of nobody; with $5 those alone that have no promise to keep: what comes behind
-- handoff_page_due.sql. At most $6.
SELECT h.handoff_id
FROM handoff h
WHERE h.handoff_id < $1::uuid AND h.state = ANY ($2::text[])
  AND ($3::uuid IS NULL OR h.assignee = $3::uuid) AND (NOT $4::boolean OR h.assignee IS NULL)
  AND (NOT $5::boolean OR NOT EXISTS (
      SELECT FROM sla_clock k
      WHERE k.contact_id = h.contact_id AND k.handoff_id = h.handoff_id AND k.ended_at IS NULL
        AND k.state <> 'paused'))
ORDER BY h.handoff_id DESC
LIMIT $6::int
