-- $1 at, $2 points of all rows one after the other, $3 rules a row, then the rest, last $11 ids and $12 model.
INSERT INTO score (contact_id, model, at, points, heat, fit, fit_grade, fit_known, grade, decision, rule_errors)
SELECT u.contact_id, $12::int, u.at, ($2::float8[])[(u.n - 1) * $3::int + 1 : u.n * $3::int], u.heat, u.fit,
       u.fit_grade, u.fit_known, u.grade, u.decision, u.rule_errors
FROM unnest($1::timestamptz[], $4::float8[], $5::float8[], $6::text[], $7::float8[], $8::text[], $9::text[],
            $10::int[], $11::uuid[])
     WITH ORDINALITY AS u (at, heat, fit, fit_grade, fit_known, grade, decision, rule_errors, contact_id, n)
