-- Entries that were released or purged: what was said leaves the quarantine, why it was suspected stays. The id of a
-- released submission is its contact's now. $1: an array of JSON objects {quarantine_id, state, settled_at, settled_by,
-- contact_id, occurred_at}.
WITH settled AS (
    UPDATE quarantine q
    SET state = s.state, settled_at = s.settled_at, settled_by = s.settled_by, contact_id = s.contact_id, email = NULL,
        email_key = NULL, channel = NULL, consent_text = NULL, network = NULL, payload = NULL, raw = NULL, raw_type = NULL
    FROM jsonb_to_recordset($1::text::jsonb)
      AS s (quarantine_id uuid, state text, settled_at timestamptz, settled_by text, contact_id uuid,
            occurred_at timestamptz)
    WHERE q.quarantine_id = s.quarantine_id
    RETURNING q.submission_id, q.form, s.contact_id, s.occurred_at)
UPDATE activity_key k
SET contact_id = s.contact_id, occurred_at = s.occurred_at
FROM settled s
WHERE k.id = s.submission_id AND k.scope = s.form AND s.contact_id IS NOT NULL
