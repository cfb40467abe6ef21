-- Purges what was held for more than $1 seconds, of the $2 oldest.
WITH oldest AS (
    SELECT q.quarantine_id, q.received_at
    FROM quarantine q
    WHERE q.state = 'held'
    ORDER BY q.quarantine_id
    LIMIT $2::int),
old AS (
    SELECT q.quarantine_id
    FROM quarantine q
    WHERE q.quarantine_id IN (
              SELECT o.quarantine_id FROM oldest o
              WHERE o.received_at < (SELECT relais_now() - $1::float8 * interval '1 second'))
      AND q.state = 'held'
    FOR UPDATE SKIP LOCKED)
UPDATE quarantine q
SET state = 'purged', settled_at = relais_now(), settled_by = 'system', email = NULL, email_key = NULL, channel = NULL,
    consent_text = NULL, network = NULL, payload = NULL, raw = NULL, raw_type = NULL
FROM old
WHERE q.quarantine_id = old.quarantine_id
