-- The first and the last touch of a contact and of those merged into it (see contact_touches.sql), in this order: two
-- rows, also when they are one, or none. Its columns. $1 the contact's id, or that of one merged into it.
-- The key's order finds either without reading what is between.
WITH root AS (
    SELECT coalesce(m.merged_into, m.contact_id) AS id FROM contact m WHERE m.contact_id = $1::uuid),
member AS (
    SELECT r.id AS contact_id FROM root r
    UNION ALL
    SELECT m.contact_id FROM root r JOIN contact m ON m.merged_into = r.id),
ends AS (
    (SELECT 1 AS place, f.*
     FROM member m
     CROSS JOIN LATERAL (
         SELECT a.* FROM activity a
         WHERE a.contact_id = m.contact_id
           AND (a.channel IS NOT NULL
                OR (a.payload->'context') ?| ARRAY['utm_source', 'utm_medium', 'utm_campaign'])
         ORDER BY a.occurred_at, a.id
         LIMIT 1) f
     ORDER BY f.occurred_at, f.id
     LIMIT 1)
    UNION ALL
    (SELECT 2, l.*
     FROM member m
     CROSS JOIN LATERAL (
         SELECT a.* FROM activity a
         WHERE a.contact_id = m.contact_id
           AND (a.channel IS NOT NULL
                OR (a.payload->'context') ?| ARRAY['utm_source', 'utm_medium', 'utm_campaign'])
         ORDER BY a.occurred_at DESC, a.id DESC
         LIMIT 1) l
     ORDER BY l.occurred_at DESC, l.id DESC
     LIMIT 1))
SELECT e.id, e.occurred_at, e.kind, e.form, e.offer, e.campaign, e.channel, (e.payload->'context')::text
FROM ends e
ORDER BY e.place
