-- Leads, newest first.
-- $1 the scoring model in force; filters, null (or false) for none: $2 stages (given always), $3 reached at least,
-- $4 or disqualified once, $5 decisions, $6 fit grade or better, $7 log2 of the interest wanted now and $8 the
-- model's half-life in microseconds, $9 channel, $10 campaign, $11 assignee, $12 a handoff that nobody has; $13 rows;
-- $14 the last contact of the page before (null: none).
-- LIMIT 1 where a key finds the row: so the plan is one lookup a row, whatever the statistics say.
SELECT c.*, s.at, s.points, s.fit, s.fit_grade, s.fit_known, s.grade, s.decision, s.rule_errors,
       k.due_at, k.breached_at
FROM contact_shown c
LEFT JOIN LATERAL (SELECT * FROM score x WHERE x.contact_id = c.contact_id AND x.model = $1::int LIMIT 1) s ON true
LEFT JOIN LATERAL (SELECT * FROM sla_clock x
                   WHERE x.contact_id = c.handoff_contact_id AND x.handoff_id = c.handoff_id
                     AND x.kind = 'first_contact' LIMIT 1) k ON true
WHERE c.contact_id < coalesce($14::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
  AND c.merged_into IS NULL AND c.email IS NOT NULL
  AND c.stage = ANY ($2::text[])
  AND (($3::text IS NULL AND NOT $4::boolean) OR c.reached::stage >= $3::text::stage
       OR ($4::boolean
           AND EXISTS (SELECT FROM stage_change g
                       WHERE g.contact_id IN (SELECT c.contact_id UNION ALL
                                              SELECT d.contact_id FROM contact d WHERE d.merged_into = c.contact_id)
                         AND g.to_stage = 'disqualified')))
  AND ($5::text[] IS NULL OR coalesce(s.decision, 'stay') = ANY ($5::text[]))
  AND ($6::text IS NULL OR s.fit_grade <= $6::text)
  AND ($7::float8 IS NULL
       OR s.heat >= (SELECT $7::float8 + (extract(epoch FROM relais_now()) * 1000000)::float8 / $8::float8))
  AND ($9::text IS NULL OR c.channel = $9::text)
  AND ($10::text IS NULL
       OR EXISTS (SELECT FROM activity a
                  WHERE a.contact_id IN (SELECT c.contact_id UNION ALL
                                         SELECT d.contact_id FROM contact d WHERE d.merged_into = c.contact_id)
                    AND a.campaign = $10::text))
  AND ($11::uuid IS NULL OR c.assignee = $11::uuid)
  AND (NOT $12::boolean OR (c.handoff_id IS NOT NULL AND c.assignee IS NULL))
ORDER BY c.contact_id DESC
LIMIT $13::int
