-- A contact as shown. $1 its id, or that of a contact merged into it; $2 the scoring model in force.
-- LIMIT 1 where a key finds the row: so the plan is one lookup a row, whatever the statistics say.
SELECT c.*, s.at, s.points, s.fit, s.fit_grade, s.fit_known, s.grade, s.decision, s.rule_errors,
       k.due_at, k.breached_at
FROM (SELECT coalesce(m.merged_into, m.contact_id) AS contact_id FROM contact m WHERE m.contact_id = $1::uuid) p
CROSS JOIN LATERAL (SELECT * FROM contact_shown x WHERE x.contact_id = p.contact_id LIMIT 1) c
LEFT JOIN LATERAL (SELECT * FROM score x WHERE x.contact_id = c.contact_id AND x.model = $2::int LIMIT 1) s ON true
LEFT JOIN LATERAL (SELECT * FROM sla_clock x
                   WHERE x.contact_id = c.handoff_contact_id AND x.handoff_id = c.handoff_id
                     AND x.kind = 'first_contact' LIMIT 1) k ON true
