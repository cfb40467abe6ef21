-- Erases persons: everything personal leaves every table where it may stand, what is counted stays. This is the list of
-- where that is: who adds a field that people fill in adds it here, and to the canaries of tests/http/test_erasure.py.
-- $1 contacts (after a merge the survivors), $2 who erases them, $3 when; $4 and $5 contacts and the keyed hashes of their
-- addresses; $6 the key's fingerprint, which is kept with the first of all erasures. No ON CONFLICT there: of two
-- instances that begin with different keys one fails, runs again and finds that it has the wrong one.
-- A contact that is not there (erased after the backup that was restored) leaves its line and its hashes only.
--
-- Ids of version 8 are made from the address, so they are changed; activity_key forgets them, or what a form post was
-- compared with: its id is made with the privacy key, like the hash that stays. What was said about a stage in somebody's
-- own words goes, a reason's code stays.
WITH root AS MATERIALIZED (
    SELECT u.contact_id, u.actor FROM unnest($1::uuid[], $2::text[]) AS u (contact_id, actor)),
hash AS MATERIALIZED (
    SELECT DISTINCT u.contact_id, u.hash FROM unnest($4::uuid[], $5::bytea[]) AS u (contact_id, hash)),
member AS MATERIALIZED (
    SELECT r.contact_id AS root, c.contact_id FROM root r JOIN contact c ON c.contact_id = r.contact_id
    UNION ALL
    SELECT r.contact_id, c.contact_id FROM root r JOIN contact c ON c.merged_into = r.contact_id),
done AS MATERIALIZED (
    SELECT m.root, a.id, a.contact_id FROM member m JOIN activity a ON a.contact_id = m.contact_id),
key AS (
    INSERT INTO privacy_key (fingerprint, used_since)
    SELECT $6::text, $3::timestamptz WHERE NOT EXISTS (SELECT FROM privacy_key)),
suppressed AS (
    INSERT INTO suppression (hash, erased_at)
    SELECT DISTINCT h.hash, $3::timestamptz FROM hash h
    ON CONFLICT (hash) DO NOTHING),
person AS (
    UPDATE contact c
    SET email = NULL, attributes = '{}', sources = '{}', consents = '{}', nurture_until = NULL, updated_at = $3::timestamptz
    FROM member m WHERE c.contact_id = m.contact_id
    RETURNING m.root),
address AS (
    DELETE FROM email_identity i USING member m WHERE i.contact_id = m.contact_id
    RETURNING m.root, i.email_key),
forgotten_score AS (
    DELETE FROM score s USING member m WHERE s.contact_id = m.contact_id),
changed_activity AS (
    UPDATE activity a
    SET id = CASE WHEN get_byte(uuid_send(a.id), 6) >> 4 = 8 AND a.payload IS NULL THEN gen_random_uuid() ELSE a.id END,
        properties = NULL, payload = CASE WHEN a.payload IS NOT NULL THEN '{}'::jsonb END
    FROM member m WHERE a.contact_id = m.contact_id
    RETURNING m.root, a.payload IS NOT NULL AS is_submission),
forgotten_key AS (
    DELETE FROM activity_key k USING done d WHERE k.id = d.id AND k.scope = '' AND k.contact_id = d.contact_id),
changed_key AS (
    UPDATE activity_key k SET fingerprint = ''
    FROM done d WHERE k.id = d.id AND k.scope <> '' AND k.contact_id = d.contact_id),
forgotten_trace AS (
    DELETE FROM form_trace t WHERE t.submission_id = ANY (ARRAY(SELECT d.id FROM done d))),
changed_consent AS (
    UPDATE consent c
    SET text = CASE WHEN c.source LIKE 'form:%' THEN c.text END, network = NULL, note = NULL
    FROM member m WHERE c.contact_id = m.contact_id
    RETURNING m.root),
changed_stage AS (
    UPDATE stage_change s
    SET note = NULL,
        reason = CASE WHEN s.reason IN ('merge', 'objection', 'erased')
                           OR EXISTS (SELECT FROM catalog_entry e
                                      WHERE e.kind = 'reason' AND e.body ->> 'code' = s.reason) THEN s.reason END
    FROM member m WHERE s.contact_id = m.contact_id),
changed_handoff AS (
    UPDATE handoff h
    SET trigger = h.trigger || '{"activity_id": null, "reason": null}'::jsonb,
        snapshot = jsonb_build_object(
            'contact', jsonb_build_object('id', h.snapshot #> '{contact,id}', 'email', NULL, 'attributes', '{}'::jsonb,
                                          'channel', h.snapshot #> '{contact,channel}',
                                          'journey_step', h.snapshot #> '{contact,journey_step}'),
            'score', h.snapshot -> 'score'),
        pause_reason = NULL, gpct = NULL, note = NULL, version = h.version + 1, updated_at = $3::timestamptz
    FROM member m WHERE h.contact_id = m.contact_id
    RETURNING m.root),
changed_history AS (
    UPDATE handoff_history h SET reason = NULL FROM member m WHERE h.contact_id = m.contact_id AND h.kind = 'paused'),
changed_attempt AS (
    UPDATE attempt a SET note = NULL FROM member m WHERE a.contact_id = m.contact_id
    RETURNING m.root),
changed_feedback AS (
    UPDATE feedback f SET note = NULL FROM member m WHERE f.contact_id = m.contact_id
    RETURNING m.root),
changed_deal AS (
    UPDATE deal d
    SET deal_id = CASE WHEN get_byte(uuid_send(d.deal_id), 6) >> 4 = 8 THEN gen_random_uuid() ELSE d.deal_id END
    FROM member m WHERE d.contact_id = m.contact_id
    RETURNING m.root),
-- A body as it came is searched for the address, as it is and as a browser encodes it.
purged AS (
    UPDATE quarantine q
    SET state = 'purged', settled_at = $3::timestamptz, settled_by = a.actor, email = NULL, email_key = NULL, channel = NULL,
        consent_text = NULL, payload = NULL, network = NULL, raw = NULL, raw_type = NULL
    FROM (SELECT i.email_key, r.actor, i.root FROM address i JOIN root r ON r.contact_id = i.root) AS a
    WHERE q.state = 'held'
      AND (q.email_key = a.email_key
           OR position(a.email_key IN replace(lower(encode(q.raw, 'escape')), '%40', '@')) > 0)
    RETURNING a.root, q.submission_id, q.form),
changed_purged_key AS (
    UPDATE activity_key k SET fingerprint = '' FROM purged p WHERE k.id = p.submission_id AND k.scope = p.form)
INSERT INTO erasure (contact_id, erased_at, actor, contact_ids, hashes, fingerprint, counts)
SELECT r.contact_id, $3::timestamptz, r.actor,
       array_append(ARRAY(SELECT m.contact_id FROM member m WHERE m.root = r.contact_id AND m.contact_id <> r.contact_id
                          ORDER BY m.contact_id), r.contact_id),
       ARRAY(SELECT h.hash FROM hash h WHERE h.contact_id = r.contact_id ORDER BY h.hash), $6::text,
       jsonb_build_object(
           'contacts', (SELECT count(*) FROM person x WHERE x.root = r.contact_id),
           'addresses', (SELECT count(*) FROM address x WHERE x.root = r.contact_id),
           'submissions', (SELECT count(*) FROM changed_activity x WHERE x.root = r.contact_id AND x.is_submission),
           'activities', (SELECT count(*) FROM changed_activity x WHERE x.root = r.contact_id AND NOT x.is_submission),
           'consents', (SELECT count(*) FROM changed_consent x WHERE x.root = r.contact_id),
           'handoffs', (SELECT count(*) FROM changed_handoff x WHERE x.root = r.contact_id),
           'attempts', (SELECT count(*) FROM changed_attempt x WHERE x.root = r.contact_id),
           'feedback', (SELECT count(*) FROM changed_feedback x WHERE x.root = r.contact_id),
           'deals', (SELECT count(*) FROM changed_deal x WHERE x.root = r.contact_id),
           'quarantined', (SELECT count(*) FROM purged x WHERE x.root = r.contact_id))
FROM root r
ON CONFLICT (contact_id) DO NOTHING
