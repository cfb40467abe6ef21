-- The scores of contacts, by the model in force. $1 ids, $2 the model. LATERAL … LIMIT 1 in the key's order keeps this a
-- look-up by the key even when the plan was made while the tables were empty.
SELECT s.contact_id, s.at, s.points, s.fit, s.fit_grade, s.fit_known, s.grade, s.decision, s.rule_errors, s.ctid
FROM unnest($1::uuid[]) AS u (contact_id)
CROSS JOIN LATERAL (
    SELECT x.*, x.ctid FROM score x
    WHERE x.contact_id = u.contact_id AND x.model = $2::int
    ORDER BY x.contact_id, x.model
    LIMIT 1) AS s
