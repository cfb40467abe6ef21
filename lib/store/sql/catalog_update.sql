-- Of a commitment each definition is kept: which one counts for a period is asked later; of a policy each version:
-- clocks go on by the one they were started by.
WITH entry AS (
    UPDATE catalog_entry
    SET slug = $2::text, body = $3::text::json, version = version + 1, updated_at = $4::timestamptz
    WHERE id = $1::uuid
    RETURNING id, kind, version, body, updated_at),
policy AS (
    INSERT INTO policy_version (policy_id, version, body)
    SELECT e.id, e.version, e.body::jsonb FROM entry e WHERE e.kind = 'policy')
INSERT INTO commitment_definition (commitment_id, version, body, made_at)
SELECT e.id, e.version, e.body::jsonb, e.updated_at FROM entry e WHERE e.kind = 'commitment'
