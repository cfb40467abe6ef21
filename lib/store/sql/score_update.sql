-- $1 at, $2 points of all rows one after the other, $3 rules a row, then the rest, last $11 where contact_read found the
-- rows. The contacts have been locked since before that look, and whoever changes a score holds its contact's lock: the
-- rows stay where they were found, and need not be looked for once more.
UPDATE score s
SET at = u.at, points = ($2::float8[])[(u.n - 1) * $3::int + 1 : u.n * $3::int], heat = u.heat, fit = u.fit,
    fit_grade = u.fit_grade, fit_known = u.fit_known, grade = u.grade, decision = u.decision,
    rule_errors = u.rule_errors
FROM unnest($1::timestamptz[], $4::float8[], $5::float8[], $6::text[], $7::float8[], $8::text[], $9::text[],
            $10::int[], $11::tid[])
     WITH ORDINALITY AS u (at, heat, fit, fit_grade, fit_known, grade, decision, rule_errors, place, n)
WHERE s.ctid = u.place
