-- Leads, newest first: the same as lead_newest for stages from mql on only. Those have an index, read from its end for
-- each stage.
-- $1 the scoring model in force; filters, null (or false) for none: $2 stages (given always), $3 reached at least,
-- $4 or disqualified once, $5 decisions, $6 fit grade or better, $7 log2 of the interest wanted now and $8 the
-- model's half-life in microseconds, $9 channel, $10 campaign, $11 assignee, $12 a handoff that nobody has; $13 rows;
-- $14 the last contact of the page before (null: none).
-- LIMIT 1 where a key finds the row: so the plan is one lookup a row, whatever the statistics say.
SELECT c.*, s.at, s.points, s.fit, s.fit_grade, s.fit_known, s.grade, s.decision, s.rule_errors,
       k.due_at, k.breached_at
FROM (SELECT w.contact_id
      FROM unnest($2::text[]) AS g (stage)
      CROSS JOIN LATERAL (
          SELECT p.contact_id
          FROM contact p
          LEFT JOIN LATERAL (SELECT * FROM score x WHERE x.contact_id = p.contact_id AND x.model = $1::int
                             LIMIT 1) s ON true
          LEFT JOIN LATERAL (SELECT * FROM handoff x WHERE x.handoff_id = p.handoff_id LIMIT 1) h ON true
          WHERE p.stage = g.stage::stage AND p.stage >= 'mql'
            AND p.contact_id < coalesce($14::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
            AND p.merged_into IS NULL AND p.email IS NOT NULL
            AND (($3::text IS NULL AND NOT $4::boolean) OR p.reached >= $3::text::stage
                 OR ($4::boolean
                     AND EXISTS (SELECT FROM stage_change g
                                 WHERE g.contact_id IN (
                                     SELECT p.contact_id UNION ALL
                                     SELECT d.contact_id FROM contact d WHERE d.merged_into = p.contact_id)
                                   AND g.to_stage = 'disqualified')))
            AND ($5::text[] IS NULL OR coalesce(s.decision, 'stay') = ANY ($5::text[]))
            AND ($6::text IS NULL OR s.fit_grade <= $6::text)
            AND ($7::float8 IS NULL
                 OR s.heat >= (SELECT $7::float8 + (extract(epoch FROM relais_now()) * 1000000)::float8 / $8::float8))
            AND ($9::text IS NULL OR p.channel = $9::text)
            AND ($10::text IS NULL
                 OR EXISTS (SELECT FROM activity a
                            WHERE a.contact_id IN (SELECT p.contact_id UNION ALL
                                                   SELECT d.contact_id FROM contact d WHERE d.merged_into = p.contact_id)
                              AND a.campaign = $10::text))
            AND ($11::uuid IS NULL OR h.assignee = $11::uuid)
            AND (NOT $12::boolean OR (h.handoff_id IS NOT NULL AND h.assignee IS NULL))
          ORDER BY p.contact_id DESC
          LIMIT $13::int) w
      ORDER BY w.contact_id DESC
      LIMIT $13::int) p
CROSS JOIN LATERAL (SELECT * FROM contact_shown x WHERE x.contact_id = p.contact_id LIMIT 1) c
LEFT JOIN LATERAL (SELECT * FROM score x WHERE x.contact_id = c.contact_id AND x.model = $1::int LIMIT 1) s ON true
LEFT JOIN LATERAL (SELECT * FROM sla_clock x
                   WHERE x.contact_id = c.handoff_contact_id AND x.handoff_id = c.handoff_id
                     AND x.kind = 'first_contact' LIMIT 1) k ON true
ORDER BY p.contact_id DESC
