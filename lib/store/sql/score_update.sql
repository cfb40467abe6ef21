-- $1 ids, $2 model, $3 at, $4 points of all rows one after the other, $5 rules a row, then the rest. The contacts are
-- locked, so that a row stays where it was found. It is looked for apart and in the key's order: while the table is small
-- score_heat looks as good as the key to an UPDATE, which would then walk all scores of the model for every row.
UPDATE score s
SET at = u.at, points = ($4::float8[])[(u.n - 1) * $5::int + 1 : u.n * $5::int], heat = u.heat, fit = u.fit,
    fit_grade = u.fit_grade, fit_known = u.fit_known, grade = u.grade, decision = u.decision,
    rule_errors = u.rule_errors
FROM unnest($1::uuid[], $3::timestamptz[], $6::float8[], $7::float8[], $8::text[], $9::float8[], $10::text[],
            $11::text[], $12::int[])
     WITH ORDINALITY AS u (contact_id, at, heat, fit, fit_grade, fit_known, grade, decision, rule_errors, n)
CROSS JOIN LATERAL (
    SELECT x.ctid AS place FROM score x
    WHERE x.contact_id = u.contact_id AND x.model = $2::int
    ORDER BY x.contact_id, x.model
    LIMIT 1) AS k
WHERE s.ctid = k.place
