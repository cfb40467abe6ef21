-- A batch of submissions in one statement, which is its transaction. $1: an array of JSON objects (decide.mjs, rowOf),
-- no address twice. Gives the activity ids that were stored: an address that somebody else made meanwhile is missing
-- and has to be sent again. A batch of one serves a program that does not batch.
WITH given AS MATERIALIZED (
    SELECT r.*, i.contact_id AS known_id
    FROM json_to_recordset($1::json) AS r (email text, payload text, fit float8, letter text, grade text, attributes text,
                                           sources text, channel text, activity_id uuid, contact_id uuid,
                                           fingerprint text, at timestamptz)
    LEFT JOIN email_identity i ON i.email_key = r.email),
identity_made AS (
    INSERT INTO email_identity (email_key, contact_id)
    SELECT email, contact_id FROM given WHERE known_id IS NULL ORDER BY email
    ON CONFLICT (email_key) DO NOTHING
    RETURNING email_key),
taken AS MATERIALIZED (
    SELECT g.*, coalesce(g.known_id, g.contact_id) AS id, g.known_id IS NULL AS is_new
    FROM given g LEFT JOIN identity_made m ON m.email_key = g.email
    WHERE g.known_id IS NOT NULL OR m.email_key IS NOT NULL),
contact_made AS (
    INSERT INTO contact (contact_id, email, stage, reached, channel, journey_step, attributes, sources, consents, cycle,
                         version, created_at, updated_at)
    SELECT id, email, 'lead', 'lead', channel, 'awareness', attributes::jsonb, sources::jsonb, '{}', 0, 1, at, at
    FROM taken WHERE is_new),
contact_changed AS (
    UPDATE contact c SET attributes = c.attributes || t.attributes::jsonb, sources = c.sources || t.sources::jsonb,
                         version = c.version + 1, updated_at = t.at
    FROM taken t WHERE NOT t.is_new AND c.contact_id = t.id AND NOT c.attributes @> t.attributes::jsonb),
stage_made AS (
    INSERT INTO stage_change (contact_id, at, ordinal, to_stage, actor, implied, historical)
    SELECT id, at, (extract(epoch FROM at) * 1000000000)::bigint, 'lead', 'form:paper', false, false
    FROM taken WHERE is_new),
score_made AS (
    INSERT INTO score AS s (contact_id, model, at, points, heat, fit, fit_grade, fit_known, grade, decision, rule_errors)
    SELECT id, 1, at, '{0,0,15,0,0,0,0}', ln(15) / ln(2) + extract(epoch FROM at)::float8 / 2592000, fit, letter, 1, grade,
           'stay', 0
    FROM taken
    ON CONFLICT (contact_id, model) DO UPDATE
    SET at = excluded.at,
        points[3] = least(45, 15 + s.points[3] * power(2, extract(epoch FROM s.at - excluded.at)::float8 / 2592000)),
        heat = ln(least(45, 15 + s.points[3] * power(2, extract(epoch FROM s.at - excluded.at)::float8 / 2592000))) / ln(2)
               + extract(epoch FROM excluded.at)::float8 / 2592000,
        fit = excluded.fit, fit_grade = excluded.fit_grade),
activity_made AS (
    INSERT INTO activity (contact_id, occurred_at, id, kind, form, offer, offer_kind, journey_step, channel, payload,
                          historical, received_at)
    SELECT id, at, activity_id, 'form_submission', 'paper', 'guide', 'white_paper', 'awareness', channel, payload::jsonb,
           false, at
    FROM taken),
key_made AS (
    INSERT INTO activity_key (id, scope, contact_id, occurred_at, received_at, fingerprint)
    SELECT activity_id, 'paper', id, at, at, decode(fingerprint, 'hex') FROM taken),
transaction_made AS (
    INSERT INTO event_tx (count) SELECT count(*) + count(*) FILTER (WHERE is_new) FROM taken RETURNING id),
event_made AS (
    INSERT INTO event (tx, ordinal, type, contact_id, at, data)
    SELECT x.id, (row_number() OVER (ORDER BY t.activity_id, e.kind) - 1)::int, e.type, t.id, t.at, e.data
    FROM taken t, transaction_made x,
         LATERAL (SELECT 0 AS kind, 'submission.received' AS type,
                         json_build_object('submission_id', t.activity_id, 'form', 'paper', 'offer', 'guide',
                                           'contact_created', t.is_new) AS data
                  UNION ALL
                  SELECT 1, 'score.grade_changed', json_build_object('from', NULL, 'to', t.grade, 'model', 1)
                  WHERE t.is_new) AS e)
SELECT activity_id FROM taken
