-- The contact of an address, if any. $1 the scoring model in force, $2 the address's key, $3 patterns that name,
-- company or address have to match, all of them.
SELECT c.*, s.at, s.points, s.fit, s.fit_grade, s.fit_known, s.grade, s.decision, s.rule_errors,
       k.due_at, k.breached_at
FROM email_identity i
JOIN contact p ON p.contact_id = i.contact_id
JOIN contact_state c ON c.contact_id = p.contact_id
LEFT JOIN score s ON s.contact_id = c.contact_id AND s.model = $1::int
LEFT JOIN sla_clock k ON k.contact_id = c.handoff_contact_id AND k.handoff_id = c.handoff_id
                     AND k.kind = 'first_contact'
WHERE i.email_key = $2::text
  AND (cardinality($3::text[]) = 0
       OR concat_ws(' ', p.attributes->>'first_name', p.attributes->>'last_name', p.attributes->>'company',
                    p.email) ILIKE ALL ($3::text[]))
