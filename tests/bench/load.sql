-- Stored contacts, written as the service would have written them: each came in by one submission of form `paper`,
-- evenly spread over the 360 days before :now, 64 submissions to a transaction, and opened the mail of thanks, which no
-- rule counts. (Activities are large and small: were all stored ones large, each page would have a gap that the next
-- small ones fill, at the price of a page each.) psql's variables: count, now, part (1, 2: loaded side by side).
--
-- The address of contact n is "h.n@example.com" where h scatters n, so that neighbours in time are none in the
-- directory's index. submissions.lua and the scripts of the floor make the same addresses and the same claims.
\set ON_ERROR_STOP on
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';

CREATE FUNCTION pg_temp.id_of(at timestamptz, what text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
    -- version 7: milliseconds, then what would be random
    AS $$ SELECT (lpad(to_hex((extract(epoch FROM $1) * 1000)::bigint), 12, '0') || '7'
                  || substr(md5($2 || $3), 1, 3) || '8' || substr(md5($2 || $3), 4, 15))::uuid $$;

CREATE TEMPORARY TABLE stored AS
SELECT s.n, s.at, pg_temp.id_of(s.at, 'contact', s.n) AS contact_id, pg_temp.id_of(s.at, 'activity', s.n) AS activity_id,
       least(s.at + interval '5 minutes', :'now'::timestamptz) AS opened_at, pg_temp.id_of(s.at, 'open', s.n) AS open_id,
       s.n * 2654435761 % 4294967296 || '.' || s.n || '@example.com' AS email,
       format('{"first_name": "Camille", "last_name": "Durand %s", "company": "Atelier %s", "company_size": %s, '
              '"job_title": "Chargée de projet", "country": "FR"}', s.n, s.n % 5000, 10 + s.n % 200) AS attributes
FROM (SELECT n, date_trunc('milliseconds', :'now'::timestamptz - interval '8640 hours' * (1 - n::float8 / :count)) AS at
      FROM generate_series(0, :count::bigint - 1) AS n) AS s;

BEGIN;
SELECT :part = 1 AS is_first \gset
\if :is_first
INSERT INTO email_identity (email_key, contact_id) SELECT email, contact_id FROM stored ORDER BY n;

INSERT INTO contact (contact_id, email, stage, reached, channel, journey_step, attributes, sources, consents, cycle,
                     version, created_at, updated_at)
SELECT contact_id, email, 'lead', 'lead', 'email', 'awareness', attributes::jsonb,
       jsonb_build_object('*', json_build_array('form', (extract(epoch FROM at) * 1000)::bigint)),
       '{}', 0, 1, at, at
FROM stored ORDER BY n;

-- Ten points for the country, none for the rest: D. Fifteen for the one download.
INSERT INTO score (contact_id, model, at, points, heat, fit, fit_grade, fit_known, grade, decision, rule_errors)
SELECT contact_id, 1, at, '{0,0,15,0,0,0,0}', ln(15) / ln(2) + extract(epoch FROM at)::float8 / 2592000,
       10, 'D', 1, 'D3', 'stay', 0
FROM stored ORDER BY n;

INSERT INTO stage_change (contact_id, at, ordinal, to_stage, actor, implied, historical)
SELECT contact_id, at, (extract(epoch FROM at) * 1000000000)::bigint, 'lead', 'form:paper', false, false
FROM stored ORDER BY n;
\else
INSERT INTO activity (contact_id, occurred_at, id, kind, form, offer, offer_kind, journey_step, channel, payload,
                      historical, received_at)
SELECT s.contact_id, a.*, false, a.occurred_at
FROM stored s,
     LATERAL (VALUES
         (s.at, s.activity_id, 'form_submission', 'paper', 'guide', 'white_paper', 'awareness', 'email',
          format('{"attributes": %s, "consents": [], "context": {"page_url": "https://www.example.com/livre-blanc", '
                 '"referrer": "https://www.google.com/", "utm_source": "newsletter", "utm_medium": "email", '
                 '"utm_campaign": "autumn"}, "ignored": []}', s.attributes)::jsonb),
         (s.opened_at, s.open_id, 'email_open', NULL, NULL, NULL, NULL, 'email', NULL)) AS a (occurred_at)
ORDER BY s.n, a.occurred_at;

INSERT INTO activity_key (id, scope, contact_id, occurred_at, received_at, fingerprint)
SELECT k.id, k.scope, s.contact_id, k.at, k.at, sha256(s.n::text::bytea)
FROM stored s, LATERAL (VALUES (s.activity_id, 'paper', s.at), (s.open_id, '', s.opened_at)) AS k (id, scope, at)
ORDER BY s.n, k.at;

INSERT INTO event_tx (id, count, first_position) OVERRIDING SYSTEM VALUE
SELECT n / 64 + 1, 2 * count(*), 2 * min(n) + 1 FROM stored GROUP BY n / 64 ORDER BY n / 64;
SELECT setval('event_tx_id_seq', (SELECT max(id) FROM event_tx));
UPDATE feed_head SET last = 2 * :count;
-- Nobody is told of what was before, as after an upgrade.
UPDATE notification_cursor SET after = 2 * :count;

INSERT INTO event (tx, ordinal, type, contact_id, at, data)
SELECT n / 64 + 1, 2 * (n % 64) + e.ordinal, e.type, contact_id, at, e.data::json
FROM stored,
     LATERAL (VALUES
         (0, 'submission.received', format('{"submission_id":"%s","form":"paper","offer":"guide","contact_created":true,'
                                           '"stage_to":"lead"}', activity_id)),
         (1, 'score.grade_changed', '{"from":null,"to":"D3","model":1}')) AS e (ordinal, type, data)
ORDER BY n, e.ordinal;
\endif
COMMIT;
