-- One submission. $1 its id, $2 the form it was sent to (null: any; if two forms were sent the same id, the later).
-- LIMIT 1 where a key finds the row: so the plan is one lookup a row, whatever the statistics say.
SELECT a.id, a.form, a.owner, a.email, (a.payload->'attributes')::text, (a.payload->'ignored')::text,
       (a.payload->'consents')::text, (a.payload->'context')::text, a.offer, a.campaign, a.channel, a.occurred_at,
       a.received_at
FROM (SELECT * FROM activity_key x WHERE x.id = $1::uuid AND x.scope <> ''
                                     AND ($2::text IS NULL OR x.scope = $2::text)) k
CROSS JOIN LATERAL (SELECT x.*, m.email, coalesce(m.merged_into, m.contact_id) AS owner
                    FROM activity x, contact m
                    WHERE x.contact_id = k.contact_id AND x.occurred_at = k.occurred_at AND x.id = k.id
                      AND m.contact_id = k.contact_id LIMIT 1) a
WHERE a.payload IS NOT NULL
ORDER BY a.received_at DESC
LIMIT 1
