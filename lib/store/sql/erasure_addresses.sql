-- All addresses that stand for the contacts $1 (or for those they were merged into), in a snapshot taken after the locks.
SELECT i.contact_id, i.email_key
FROM email_identity i
WHERE i.contact_id = ANY (ARRAY(SELECT coalesce(m.merged_into, m.contact_id) FROM contact m
                                WHERE m.contact_id = ANY ($1::uuid[])))
