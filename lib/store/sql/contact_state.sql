-- The contacts a batch decides about, as they are after the locks: $1 addresses, $2 ids, $3 handoffs,
-- $4 the scoring model in force. ARRAY(…) is evaluated first and LATERAL … LIMIT 1 keeps the join a look-up: so the
-- plan is index scans even when it was made while the tables were empty.
SELECT c.*, s.at, s.points, s.fit, s.fit_grade, s.fit_known, s.grade, s.decision, s.rule_errors
FROM contact_state c
LEFT JOIN LATERAL (SELECT * FROM score WHERE contact_id = c.contact_id AND model = $4::int LIMIT 1) AS s ON true
WHERE c.contact_id = ANY (ARRAY(
    SELECT i.contact_id FROM email_identity i WHERE i.email_key = ANY ($1::text[])
    UNION ALL
    SELECT coalesce(m.merged_into, m.contact_id) FROM contact m WHERE m.contact_id = ANY ($2::uuid[])
    UNION ALL
    SELECT coalesce(m.merged_into, m.contact_id)
    FROM handoff h JOIN contact m ON m.contact_id = h.contact_id
    WHERE h.handoff_id = ANY ($3::uuid[])))
