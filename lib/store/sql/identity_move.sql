-- After a merge the duplicates' addresses stand for the survivor. $1 duplicates, $2 survivors.
UPDATE email_identity i SET contact_id = u.survivor
FROM unnest($1::uuid[], $2::uuid[]) AS u (duplicate, survivor)
WHERE i.contact_id = u.duplicate
