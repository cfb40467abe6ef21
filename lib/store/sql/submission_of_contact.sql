-- Submissions of one contact and of those merged into it, newest first. $1 its id and $2 its address's key (one of
-- them may be null; both have to fit), $3 form (null: all), $4 and $5 time and id of the last one of the page before
-- (null: none), $6 rows.
WITH root AS (
    SELECT coalesce(m.merged_into, m.contact_id) AS id
    FROM contact m
    WHERE m.email IS NOT NULL
      AND m.contact_id = coalesce($1::uuid,
                                  (SELECT i.contact_id FROM email_identity i WHERE i.email_key = $2::text))
      AND ($2::text IS NULL
           OR coalesce(m.merged_into, m.contact_id)
              = (SELECT i.contact_id FROM email_identity i WHERE i.email_key = $2::text))),
member AS (
    SELECT r.id AS contact_id FROM root r
    UNION ALL
    SELECT m.contact_id FROM root r JOIN contact m ON m.merged_into = r.id)
SELECT a.id, a.form, r.id, c.email, (a.payload->'attributes')::text, (a.payload->'ignored')::text,
       (a.payload->'consents')::text, (a.payload->'context')::text, a.offer, a.campaign, a.channel, a.occurred_at,
       a.received_at
FROM root r
CROSS JOIN member m
JOIN contact c ON c.contact_id = m.contact_id
JOIN activity a ON a.contact_id = m.contact_id
WHERE a.payload IS NOT NULL AND ($3::text IS NULL OR a.form = $3::text)
  AND (a.received_at, a.id) < (coalesce($4::timestamptz, 'infinity'::timestamptz),
                               coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
ORDER BY a.received_at DESC, a.id DESC
LIMIT $6::int
