-- The floor, as a program with one transaction for each submission would do it: a statement for each row.
\set is_new random(1, 100) <= :new_percent
\if :is_new
\set n :contacts + random(0, 1000000000000000)
\set h random(0, 4294967295)
\else
\set n random(0, :contacts - 1)
\set h :n * 2654435761 % 4294967296
\endif
BEGIN;
SELECT g.at, bench_id(g.at) AS activity, coalesce(i.contact_id, bench_id(g.at)) AS contact, (i.contact_id IS NULL)::int AS is_unknown FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS at) AS g LEFT JOIN email_identity i ON i.email_key = :h::bigint || '.' || :n::bigint || '@example.com' \gset
\if :is_unknown
INSERT INTO email_identity (email_key, contact_id) VALUES (:h::bigint || '.' || :n::bigint || '@example.com', :contact::uuid);
INSERT INTO contact (contact_id, email, stage, reached, channel, journey_step, attributes, sources, consents, cycle, version, created_at, updated_at) VALUES (:contact::uuid, :h::bigint || '.' || :n::bigint || '@example.com', 'lead', 'lead', 'email', 'awareness', bench_attributes(:n::bigint)::jsonb, bench_sources(:at::timestamptz)::jsonb, '{}', 0, 1, :at::timestamptz, :at::timestamptz);
INSERT INTO stage_change (contact_id, at, ordinal, to_stage, actor, implied, historical) VALUES (:contact::uuid, :at::timestamptz, (extract(epoch FROM :at::timestamptz) * 1000000000)::bigint, 'lead', 'form' || ':' || 'paper', false, false);
\endif
INSERT INTO score AS s (contact_id, model, at, points, heat, fit, fit_grade, fit_known, grade, decision, rule_errors) VALUES (:contact::uuid, 1, :at::timestamptz, '{0,0,15,0,0,0,0}', bench_heat(15, :at::timestamptz), 10, 'D', 1, 'D3', 'stay', 0) ON CONFLICT (contact_id, model) DO UPDATE SET at = excluded.at, points[3] = least(45, 15 + s.points[3] * power(2, extract(epoch FROM s.at - excluded.at)::float8 / 2592000)), heat = bench_heat(least(45, 15 + s.points[3] * power(2, extract(epoch FROM s.at - excluded.at)::float8 / 2592000)), excluded.at);
INSERT INTO activity (contact_id, occurred_at, id, kind, form, offer, offer_kind, journey_step, channel, payload, historical, received_at) VALUES (:contact::uuid, :at::timestamptz, :activity::uuid, 'form_submission', 'paper', 'guide', 'white_paper', 'awareness', 'email', bench_payload(:n::bigint)::jsonb, false, :at::timestamptz);
INSERT INTO activity_key (id, scope, contact_id, occurred_at, received_at, fingerprint) VALUES (:activity::uuid, 'paper', :contact::uuid, :at::timestamptz, :at::timestamptz, sha256(:n::bigint::text::bytea));
\if :is_unknown
WITH t AS (INSERT INTO event_tx (count) VALUES (2) RETURNING id) INSERT INTO event (tx, ordinal, type, contact_id, at, data) SELECT t.id, e.ordinal, e.type, :contact::uuid, :at::timestamptz, e.data FROM t, (VALUES (0, 'submission.received', bench_received(:activity::uuid, true)), (1, 'score.grade_changed', bench_graded())) AS e (ordinal, type, data);
\else
WITH t AS (INSERT INTO event_tx (count) VALUES (1) RETURNING id) INSERT INTO event (tx, ordinal, type, contact_id, at, data) SELECT t.id, 0, 'submission.received', :contact::uuid, :at::timestamptz, bench_received(:activity::uuid, false) FROM t;
\endif
COMMIT;
