-- Locks contacts in the order of their ids. $1 ids.
SELECT c.contact_id FROM contact c WHERE c.contact_id = ANY ($1::uuid[])
ORDER BY c.contact_id
FOR NO KEY UPDATE
