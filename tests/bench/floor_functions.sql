-- What both floors use. Inlined by the planner.

-- Version 7, so that the floor's keys grow as the service's do.
CREATE FUNCTION bench_id(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE
    AS $$ SELECT encode(overlay(uuid_send(gen_random_uuid())
                                PLACING substring(int8send((extract(epoch FROM at) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
                        'hex')::uuid $$;

-- log2(points) + at / half-life
CREATE FUNCTION bench_heat(points float8, at timestamptz) RETURNS float8 LANGUAGE sql IMMUTABLE
    AS $$ SELECT ln(points) / ln(2) + extract(epoch FROM at)::float8 / 2592000 $$;

CREATE FUNCTION bench_attributes(n bigint) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT '{"first_name": "Camille", "last_name": "Durand ' || n || '", "company": "Atelier ' || n % 5000
                 || '", "company_size": ' || 10 + n % 200
                 || ', "job_title": "Chargée de projet", "country": "FR"}' $$;

CREATE FUNCTION bench_payload(n bigint) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT '{"attributes": ' || bench_attributes(n)
                 || ', "consents": [], "context": {"page_url": "https://www.example.com/livre-blanc", '
                    '"referrer": "https://www.google.com/", "utm_source": "newsletter", "utm_medium": "email", '
                    '"utm_campaign": "autumn"}, "ignored": []}' $$;

CREATE FUNCTION bench_sources(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT '{"*": ["form", ' || (extract(epoch FROM at) * 1000)::bigint || ']}' $$;

CREATE FUNCTION bench_received(activity_id uuid, is_new boolean) RETURNS json LANGUAGE sql IMMUTABLE
    AS $$ SELECT ('{"submission_id":"' || activity_id || '","form":"paper","offer":"guide","contact_created":'
                  || CASE WHEN is_new THEN 'true,"stage_to":"lead"}' ELSE 'false}' END)::json $$;

CREATE FUNCTION bench_graded() RETURNS json LANGUAGE sql IMMUTABLE
    AS $$ SELECT '{"from":null,"to":"D3","model":1}'::json $$;

-- The feed's numbers for what the floor wrote: the service's work, which would else fall upon the next cell.
CREATE FUNCTION bench_number() RETURNS void LANGUAGE sql VOLATILE AS $$
    WITH placed AS (
        SELECT t.id, f.last + 1 + sum(t.count) OVER (ORDER BY t.id) - t.count AS first_position
        FROM event_tx t, feed_head f WHERE t.first_position IS NULL AND f.feed = 1)
    UPDATE event_tx t SET first_position = p.first_position FROM placed p WHERE t.id = p.id;
    UPDATE feed_head SET last = (SELECT first_position + count - 1 FROM event_tx ORDER BY first_position DESC NULLS LAST
                                 LIMIT 1)
    WHERE feed = 1 $$;
