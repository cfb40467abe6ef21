-- Submissions of all contacts, newest first: the feed walked backwards, since an index of their own would make each
-- one dearer to take in. So it reaches as far back as the feed is kept. $1 form (null: all), $2 and $3 place in the
-- feed of the last one of the page before (null: none), $4 rows.
-- LIMIT 1 where a key finds the row: so the plan is one lookup a row, whatever the statistics say.
SELECT a.id, a.form, a.owner, a.email, (a.payload->'attributes')::text, (a.payload->'ignored')::text,
       (a.payload->'consents')::text, (a.payload->'context')::text, a.offer, a.campaign, a.channel, a.occurred_at,
       a.received_at, e.tx, e.ordinal
FROM event e
CROSS JOIN LATERAL (SELECT * FROM activity_key x
                    WHERE x.id = (e.data->>'submission_id')::uuid AND x.scope = e.data->>'form' LIMIT 1) k
CROSS JOIN LATERAL (SELECT x.*, m.email, coalesce(m.merged_into, m.contact_id) AS owner
                    FROM activity x, contact m
                    WHERE x.contact_id = k.contact_id AND x.occurred_at = k.occurred_at AND x.id = k.id
                      AND m.contact_id = k.contact_id AND m.email IS NOT NULL LIMIT 1) a
WHERE e.type = 'submission.received'
  AND (e.tx, e.ordinal) < (coalesce($2::bigint, 9223372036854775807), coalesce($3::int, 2147483647))
  AND ($1::text IS NULL OR e.data->>'form' = $1::text)
ORDER BY e.tx DESC, e.ordinal DESC
LIMIT $4::int
