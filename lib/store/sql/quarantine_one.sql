-- One entry of the quarantine. $1 its id.
SELECT q.quarantine_id, q.submission_id, q.form, q.state, array_to_json(q.reasons)::text, q.email, q.email_key,
       (q.payload->'attributes')::text, (q.payload->'ignored')::text, (q.payload->'consents')::text,
       (q.payload->'context')::text, q.channel, q.occurred_at, q.received_at, q.settled_at, q.settled_by, q.contact_id,
       q.raw, q.raw_type, q.payload::text, q.consent_text, q.network::text, q.raw_tool
FROM quarantine q
WHERE q.quarantine_id = $1::uuid
