-- $1 ids, $2 kinds, $3 slugs, $4 bodies, $5 when. Of a commitment each definition is kept: which one counts for a
-- period is asked later; of a policy each version: clocks go on by the one they were started by.
WITH entry AS (
    INSERT INTO catalog_entry (id, kind, slug, body, version, created_at, updated_at)
    SELECT u.id, u.kind, u.slug, u.body::json, 1, $5::timestamptz, $5::timestamptz
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS u (id, kind, slug, body)
    RETURNING id, kind, version, body, updated_at),
policy AS (
    INSERT INTO policy_version (policy_id, version, body)
    SELECT e.id, e.version, e.body::jsonb FROM entry e WHERE e.kind = 'policy')
INSERT INTO commitment_definition (commitment_id, version, body, made_at)
SELECT e.id, e.version, e.body::jsonb, e.updated_at FROM entry e WHERE e.kind = 'commitment'
