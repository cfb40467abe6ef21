-- The erasure of a contact, or of the one it was merged into, as a line of the list. $1 its id.
SELECT e.contact_id, e.erased_at, e.line
FROM erasure_line e
WHERE e.contact_id = coalesce((SELECT coalesce(m.merged_into, m.contact_id) FROM contact m WHERE m.contact_id = $1::uuid),
                              $1::uuid)
