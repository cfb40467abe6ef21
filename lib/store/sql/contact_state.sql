-- The contacts a batch decides about, as they are after the locks: $1 addresses, $2 ids, $3 handoffs,
-- $4 the scoring model in force.
SELECT c.*, s.at, s.points, s.fit, s.fit_grade, s.fit_known, s.grade, s.decision, s.rule_errors
FROM contact_state c
LEFT JOIN score s ON s.contact_id = c.contact_id AND s.model = $4::int
WHERE c.contact_id IN (
    SELECT i.contact_id FROM email_identity i WHERE i.email_key = ANY ($1::text[])
    UNION ALL
    SELECT coalesce(m.merged_into, m.contact_id) FROM contact m WHERE m.contact_id = ANY ($2::uuid[])
    UNION ALL
    SELECT coalesce(m.merged_into, m.contact_id)
    FROM handoff h JOIN contact m ON m.contact_id = h.contact_id
    WHERE h.handoff_id = ANY ($3::uuid[]))
