-- The floor, all in one statement, which is its transaction.
\set is_new random(1, 100) <= :new_percent
\if :is_new
\set n :contacts + random(0, 1000000000000000)
\set h random(0, 4294967295)
\else
\set n random(0, :contacts - 1)
\set h :n * 2654435761 % 4294967296
\endif
WITH given AS MATERIALIZED (
    SELECT g.at, :n::bigint AS n, bench_id(g.at) AS activity_id, coalesce(i.contact_id, bench_id(g.at)) AS contact_id,
           i.contact_id IS NULL AS is_new
    FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS at) AS g
    LEFT JOIN email_identity i ON i.email_key = :h::bigint || '.' || :n::bigint || '@example.com'),
identity_made AS (
    INSERT INTO email_identity (email_key, contact_id)
    SELECT :h::bigint || '.' || :n::bigint || '@example.com', contact_id FROM given WHERE is_new),
contact_made AS (
    INSERT INTO contact (contact_id, email, stage, reached, channel, journey_step, attributes, sources, consents, cycle,
                         version, created_at, updated_at)
    SELECT contact_id, :h::bigint || '.' || :n::bigint || '@example.com', 'lead', 'lead', 'email', 'awareness',
           bench_attributes(n)::jsonb, bench_sources(at)::jsonb, '{}', 0, 1, at, at
    FROM given WHERE is_new),
stage_made AS (
    INSERT INTO stage_change (contact_id, at, ordinal, to_stage, actor, implied, historical)
    SELECT contact_id, at, (extract(epoch FROM at) * 1000000000)::bigint, 'lead', 'form' || ':' || 'paper', false, false
    FROM given WHERE is_new),
score_made AS (
    INSERT INTO score AS s (contact_id, model, at, points, heat, fit, fit_grade, fit_known, grade, decision, rule_errors)
    SELECT contact_id, 1, at, '{0,0,15,0,0,0,0}', bench_heat(15, at), 10, 'D', 1, 'D3', 'stay', 0 FROM given
    ON CONFLICT (contact_id, model) DO UPDATE
    SET at = excluded.at,
        points[3] = least(45, 15 + s.points[3] * power(2, extract(epoch FROM s.at - excluded.at)::float8 / 2592000)),
        heat = bench_heat(least(45, 15 + s.points[3] * power(2, extract(epoch FROM s.at - excluded.at)::float8 / 2592000)),
                          excluded.at)),
activity_made AS (
    INSERT INTO activity (contact_id, occurred_at, id, kind, form, offer, offer_kind, journey_step, channel, payload,
                          historical, received_at)
    SELECT contact_id, at, activity_id, 'form_submission', 'paper', 'guide', 'white_paper', 'awareness', 'email',
           bench_payload(n)::jsonb, false, at
    FROM given),
key_made AS (
    INSERT INTO activity_key (id, scope, contact_id, occurred_at, received_at, fingerprint)
    SELECT activity_id, 'paper', contact_id, at, at, sha256(n::text::bytea) FROM given),
transaction_made AS (
    INSERT INTO event_tx (count) SELECT 1 + is_new::int FROM given RETURNING id)
INSERT INTO event (tx, ordinal, type, contact_id, at, data)
SELECT t.id, e.ordinal, e.type, g.contact_id, g.at, e.data
FROM given g, transaction_made t,
     LATERAL (SELECT 0 AS ordinal, 'submission.received' AS type, bench_received(g.activity_id, g.is_new) AS data
              UNION ALL
              SELECT 1, 'score.grade_changed', bench_graded() WHERE g.is_new) AS e;
