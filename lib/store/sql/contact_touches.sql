-- The touches of a contact and of those merged into it, newest first: what it did that says where it came from, by
-- a channel or by words in the link. $1 its id, or that of one merged into it; $2, $3 time and id of the last touch
-- of the page before (null: none); $4 rows.
WITH root AS (
    SELECT coalesce(m.merged_into, m.contact_id) AS id FROM contact m WHERE m.contact_id = $1::uuid),
member AS (
    SELECT r.id AS contact_id FROM root r
    UNION ALL
    SELECT m.contact_id FROM root r JOIN contact m ON m.merged_into = r.id)
SELECT t.id, t.occurred_at, t.kind, t.form, t.offer, t.campaign, t.channel, (t.payload->'context')::text
FROM member m
CROSS JOIN LATERAL (
    SELECT a.* FROM activity a
    WHERE a.contact_id = m.contact_id
      AND (a.channel IS NOT NULL OR (a.payload->'context') ?| ARRAY['utm_source', 'utm_medium', 'utm_campaign'])
      AND (a.occurred_at, a.id) < (coalesce($2::timestamptz, 'infinity'::timestamptz),
                                   coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
    ORDER BY a.occurred_at DESC, a.id DESC
    LIMIT $4::int) t
ORDER BY t.occurred_at DESC, t.id DESC
LIMIT $4::int
