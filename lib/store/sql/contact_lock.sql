-- Locks contacts in the order of their ids: by address ($1), by id ($2) and by handoff ($3).
-- ARRAY(…) is evaluated first, so that the plan is an index scan whatever the statistics say.
SELECT c.contact_id
FROM contact c
WHERE c.contact_id = ANY (ARRAY(
    SELECT i.contact_id FROM email_identity i WHERE i.email_key = ANY ($1::text[])
    UNION ALL
    SELECT coalesce(m.merged_into, m.contact_id) FROM contact m WHERE m.contact_id = ANY ($2::uuid[])
    UNION ALL
    SELECT coalesce(m.merged_into, m.contact_id)
    FROM handoff h JOIN contact m ON m.contact_id = h.contact_id
    WHERE h.handoff_id = ANY ($3::uuid[])))
ORDER BY c.contact_id
FOR NO KEY UPDATE
