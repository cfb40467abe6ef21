-- The open handoffs of the locked contacts $4 (and of those merged into them) whose assignee is away: $1, $2, $3 as in
-- absence_lock.sql.
SELECT coalesce(m.merged_into, m.contact_id), h.contact_id, h.handoff_id, h.state, h.assignee
FROM unnest($1::uuid[], $2::timestamptz[], $3::boolean[]) AS a (member, since, has_stand_in)
JOIN handoff h ON h.assignee = a.member AND h.closed_at IS NULL
JOIN contact m ON m.contact_id = h.contact_id
WHERE coalesce(m.merged_into, m.contact_id) = ANY ($4::uuid[])
  AND (a.has_stand_in OR NOT EXISTS (
      SELECT FROM handoff_history w
      WHERE w.contact_id = h.contact_id AND w.handoff_id = h.handoff_id AND w.kind = 'waiting'
        AND w.member = a.member AND w.at >= a.since))
ORDER BY h.opened_at, h.handoff_id
