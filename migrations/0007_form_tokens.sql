-- What form tokens are signed with, one for this database and all instances on it. Another one may be added (with a
-- later created_at, and catalog_head's version raised): it signs from then on, the older ones go on being accepted.
INSERT INTO catalog_entry (id, kind, slug, body, version, created_at, updated_at)
SELECT '01936b1e-0000-7000-8000-000000000100', 'form_secret', '01936b1e-0000-7000-8000-000000000100',
       json_build_object('secret', encode(sha256(decode(replace(
           gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')), 'hex')),
       1, clock.now, clock.now
FROM (SELECT relais_now() AS now) AS clock;
UPDATE catalog_head SET version = version + 1;

-- Where a consent came from, cut as in table consent; kept for its release.
ALTER TABLE quarantine ADD COLUMN network cidr;
