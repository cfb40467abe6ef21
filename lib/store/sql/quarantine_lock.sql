-- Where entries of the quarantine ($1) stand that are to be released or purged, locked after the contacts.
SELECT q.quarantine_id, q.state, q.contact_id
FROM quarantine q
WHERE q.quarantine_id = ANY ($1::uuid[])
ORDER BY q.quarantine_id
FOR UPDATE
