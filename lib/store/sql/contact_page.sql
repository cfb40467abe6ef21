-- Contacts, newest first. $1 the scoring model in force, $2 the last contact of the page before (null: none),
-- $3 patterns that name, company or address have to match, all of them (without one: all contacts), $4 rows.
-- LIMIT 1 where a key finds the row: so the plan is one lookup a row, whatever the statistics say.
SELECT c.*, s.at, s.points, s.fit, s.fit_grade, s.fit_known, s.grade, s.decision, s.rule_errors,
       k.due_at, k.breached_at
FROM (SELECT p.contact_id
      FROM contact p
      WHERE p.merged_into IS NULL AND p.email IS NOT NULL -- else it was erased
        AND p.contact_id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
        AND (cardinality($3::text[]) = 0
             OR concat_ws(' ', p.attributes->>'first_name', p.attributes->>'last_name', p.attributes->>'company',
                          p.email) ~* ALL ($3::text[]))
      ORDER BY p.contact_id DESC
      LIMIT $4::int) p
CROSS JOIN LATERAL (SELECT * FROM contact_shown x WHERE x.contact_id = p.contact_id LIMIT 1) c
LEFT JOIN LATERAL (SELECT * FROM score x WHERE x.contact_id = c.contact_id AND x.model = $1::int LIMIT 1) s ON true
LEFT JOIN LATERAL (SELECT * FROM sla_clock x
                   WHERE x.contact_id = c.handoff_contact_id AND x.handoff_id = c.handoff_id
                     AND x.kind = 'first_contact' LIMIT 1) k ON true
ORDER BY p.contact_id DESC
