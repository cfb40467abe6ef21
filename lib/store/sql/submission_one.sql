-- One submission. $1 its id: if two forms were sent the same one, the later.
SELECT a.id, a.form, coalesce(m.merged_into, m.contact_id), m.email, (a.payload->'attributes')::text,
       (a.payload->'ignored')::text, (a.payload->'consents')::text, (a.payload->'context')::text, a.offer,
       a.campaign, a.channel, a.occurred_at, a.received_at
FROM activity_key k
JOIN activity a ON a.contact_id = k.contact_id AND a.occurred_at = k.occurred_at AND a.id = k.id
JOIN contact m ON m.contact_id = a.contact_id
WHERE k.id = $1::uuid AND k.scope <> '' AND a.payload IS NOT NULL
ORDER BY k.received_at DESC
LIMIT 1
