-- Where a handoff stands, for whoever was refused: the one with id $1, or the latest of contact $2.
SELECT h.handoff_id, h.state, h.assignee
FROM handoff h
WHERE h.handoff_id = coalesce($1::uuid, (
    SELECT c.handoff_id FROM contact m JOIN contact c ON c.contact_id = coalesce(m.merged_into, m.contact_id)
    WHERE m.contact_id = $2::uuid))
