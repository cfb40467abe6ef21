-- Entries of the quarantine, newest first: older than $1 (null: the newest), of the form $2 (null: all), in one of the
-- states $3, with one of the reasons $4 (null: any). At most $5.
SELECT q.quarantine_id, q.submission_id, q.form, q.state, array_to_json(q.reasons)::text, q.email, q.email_key,
       (q.payload->'attributes')::text, (q.payload->'ignored')::text, (q.payload->'consents')::text,
       (q.payload->'context')::text, q.channel, q.occurred_at, q.received_at, q.settled_at, q.settled_by, q.contact_id,
       q.raw, q.raw_type
FROM quarantine q
WHERE q.quarantine_id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
  AND ($2::text IS NULL OR q.form = $2::text)
  AND q.state = ANY ($3::text[])
  AND ($4::text[] IS NULL OR q.reasons && $4::text[])
ORDER BY q.quarantine_id DESC
LIMIT $5::int
