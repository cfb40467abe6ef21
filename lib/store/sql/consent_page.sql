-- The record of consent of a contact and of those merged into it, newest first. $1 its id, or that of one merged into
-- it; $2, $3 time and id of the last line of the page before (null: none); $4 rows.
WITH root AS (
    SELECT coalesce(m.merged_into, m.contact_id) AS id FROM contact m WHERE m.contact_id = $1::uuid),
member AS (
    SELECT r.id AS contact_id FROM root r
    UNION ALL
    SELECT m.contact_id FROM root r JOIN contact m ON m.merged_into = r.id)
SELECT t.id, t.at, t.purpose, t.granted, t.objection, t.text, t.text_version, t.source, t.actor, t.network::text,
       t.note, t.activity_id
FROM member m
JOIN consent t ON t.contact_id = m.contact_id
WHERE (t.at, t.id) < (coalesce($2::timestamptz, 'infinity'::timestamptz),
                      coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
ORDER BY t.at DESC, t.id DESC
LIMIT $4::int
