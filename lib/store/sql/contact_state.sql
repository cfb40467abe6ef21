-- The contacts a batch decides about, as they are after the locks. $1 ids, $2 the scoring model in force.
-- LATERAL … LIMIT 1 keeps the join a look-up even when the plan was made while the tables were empty.
SELECT c.*, s.at, s.points, s.fit, s.fit_grade, s.fit_known, s.grade, s.decision, s.rule_errors
FROM contact_state c
LEFT JOIN LATERAL (SELECT * FROM score WHERE contact_id = c.contact_id AND model = $2::int LIMIT 1) AS s ON true
WHERE c.contact_id = ANY ($1::uuid[])
