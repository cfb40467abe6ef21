-- $1 ids, $2 model, $3 at, $4 points of all rows one after the other, $5 rules a row, then the rest. All of them are
-- there. They are found by ON CONFLICT because it names the key: an UPDATE is planned, and while the table is small
-- score_heat looks as good as the key, with which every row costs a walk through all scores of the model.
INSERT INTO score (contact_id, model, at, points, heat, fit, fit_grade, fit_known, grade, decision, rule_errors)
SELECT u.contact_id, $2::int, u.at, ($4::float8[])[(u.n - 1) * $5::int + 1 : u.n * $5::int], u.heat, u.fit,
       u.fit_grade, u.fit_known, u.grade, u.decision, u.rule_errors
FROM unnest($1::uuid[], $3::timestamptz[], $6::float8[], $7::float8[], $8::text[], $9::float8[], $10::text[],
            $11::text[], $12::int[])
     WITH ORDINALITY AS u (contact_id, at, heat, fit, fit_grade, fit_known, grade, decision, rule_errors, n)
ON CONFLICT (contact_id, model) DO UPDATE
SET at = excluded.at, points = excluded.points, heat = excluded.heat, fit = excluded.fit,
    fit_grade = excluded.fit_grade, fit_known = excluded.fit_known, grade = excluded.grade,
    decision = excluded.decision, rule_errors = excluded.rule_errors
