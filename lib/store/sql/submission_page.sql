-- Submissions of all contacts, newest first: the feed walked backwards, since an index of their own would make each
-- one dearer to take in. $1 form (null: all), $2 and $3 place in the feed of the last one of the page before (null:
-- none), $4 rows.
SELECT a.id, a.form, coalesce(m.merged_into, m.contact_id), m.email, (a.payload->'attributes')::text,
       (a.payload->'ignored')::text, (a.payload->'consents')::text, (a.payload->'context')::text, a.offer,
       a.campaign, a.channel, a.occurred_at, a.received_at, e.tx, e.ordinal
FROM event e
JOIN activity_key k ON k.id = (e.data->>'submission_id')::uuid AND k.scope = e.data->>'form'
JOIN activity a ON a.contact_id = k.contact_id AND a.occurred_at = k.occurred_at AND a.id = k.id
JOIN contact m ON m.contact_id = a.contact_id
WHERE e.type = 'submission.received'
  AND (e.tx, e.ordinal) < (coalesce($2::bigint, 9223372036854775807), coalesce($3::int, 2147483647))
  AND ($1::text IS NULL OR e.data->>'form' = $1::text)
ORDER BY e.tx DESC, e.ordinal DESC
LIMIT $4::int
