-- Which contact each id ($1) and handoff ($2) stands for. kind: c, h; for a handoff also where it stands.
SELECT 'c' AS kind, m.contact_id AS id, coalesce(m.merged_into, m.contact_id), NULL::text AS state,
       NULL::uuid AS assignee, NULL::uuid AS owner
FROM contact m WHERE m.contact_id = ANY ($1::uuid[])
UNION ALL
SELECT 'h', h.handoff_id, coalesce(m.merged_into, m.contact_id), h.state, h.assignee, h.contact_id
FROM handoff h JOIN contact m ON m.contact_id = h.contact_id
WHERE h.handoff_id = ANY ($2::uuid[])
