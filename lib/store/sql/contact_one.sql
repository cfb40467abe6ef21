-- A contact as shown. $1 its id, or that of a contact merged into it; $2 the scoring model in force.
SELECT c.*, s.at, s.points, s.fit, s.fit_grade, s.fit_known, s.grade, s.decision, s.rule_errors,
       k.due_at, k.breached_at
FROM contact_state c
LEFT JOIN score s ON s.contact_id = c.contact_id AND s.model = $2::int
LEFT JOIN sla_clock k ON k.contact_id = c.handoff_contact_id AND k.handoff_id = c.handoff_id
                     AND k.kind = 'first_contact'
WHERE c.contact_id = (SELECT coalesce(m.merged_into, m.contact_id) FROM contact m WHERE m.contact_id = $1::uuid)
