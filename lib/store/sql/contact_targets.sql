-- Which contact each address ($1), id ($2) and handoff ($3) stands for, in a snapshot taken after the
-- locks. kind: e, c, h; for a handoff also where it stands.
SELECT 'e' AS kind, i.email_key, NULL::uuid AS id, i.contact_id, NULL::text AS state, NULL::uuid AS assignee,
       NULL::uuid AS owner
FROM email_identity i WHERE i.email_key = ANY ($1::text[])
UNION ALL
SELECT 'c', NULL, m.contact_id, coalesce(m.merged_into, m.contact_id), NULL, NULL, NULL
FROM contact m WHERE m.contact_id = ANY ($2::uuid[])
UNION ALL
SELECT 'h', NULL, h.handoff_id, coalesce(m.merged_into, m.contact_id), h.state, h.assignee, h.contact_id
FROM handoff h JOIN contact m ON m.contact_id = h.contact_id
WHERE h.handoff_id = ANY ($3::uuid[])
