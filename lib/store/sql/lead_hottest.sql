-- Leads, those with the most interest first, the newest among those without any last. Heat does not change while
-- nothing happens, so neither does the order.
-- $1 the scoring model in force; filters, null (or false) for none: $2 stages (given always), $3 reached at least,
-- $4 or disqualified once, $5 decisions, $6 fit grade or better, $7 log2 of the interest wanted now and $8 the
-- model's half-life in microseconds, $9 channel, $10 campaign, $11 assignee, $12 a handoff that nobody has; $13 rows;
-- $14, $15 heat and id of the last contact with interest of the page before (null: none; -infinity: all are told),
-- $16 the last one without.
-- LIMIT 1 where a key finds the row: so the plan is one lookup a row, whatever the statistics say.
WITH hot AS MATERIALIZED (
    SELECT p.contact_id, s.heat
    FROM score s
    CROSS JOIN LATERAL (SELECT * FROM contact x WHERE x.contact_id = s.contact_id LIMIT 1) p
    LEFT JOIN LATERAL (SELECT * FROM handoff x WHERE x.handoff_id = p.handoff_id LIMIT 1) h ON true
    WHERE s.model = $1::int
      AND (s.heat, s.contact_id) < (coalesce($14::float8, 'infinity'::float8),
                                    coalesce($15::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
      AND p.merged_into IS NULL AND p.email IS NOT NULL
      AND p.stage = ANY ($2::text[]::stage[])
      AND (($3::text IS NULL AND NOT $4::boolean) OR p.reached >= $3::text::stage
           OR ($4::boolean
               AND EXISTS (SELECT FROM stage_change g
                           WHERE g.contact_id IN (SELECT p.contact_id UNION ALL
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
    ORDER BY s.heat DESC NULLS LAST, s.contact_id DESC
    LIMIT $13::int),
cold AS MATERIALIZED (
    SELECT p.contact_id
    FROM score s
    CROSS JOIN LATERAL (SELECT * FROM contact x WHERE x.contact_id = s.contact_id LIMIT 1) p
    LEFT JOIN LATERAL (SELECT * FROM handoff x WHERE x.handoff_id = p.handoff_id LIMIT 1) h ON true
    WHERE (SELECT count(*) FROM hot) < $13::int AND $7::float8 IS NULL
      AND s.model = $1::int AND s.heat IS NULL
      AND s.contact_id < coalesce($16::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
      AND p.merged_into IS NULL AND p.email IS NOT NULL
      AND p.stage = ANY ($2::text[]::stage[])
      AND (($3::text IS NULL AND NOT $4::boolean) OR p.reached >= $3::text::stage
           OR ($4::boolean
               AND EXISTS (SELECT FROM stage_change g
                           WHERE g.contact_id IN (SELECT p.contact_id UNION ALL
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
    ORDER BY s.contact_id DESC
    LIMIT $13::int),
page AS (
    SELECT w.contact_id, w.heat FROM hot w
    UNION ALL
    SELECT w.contact_id, NULL FROM cold w)
SELECT c.*, s.at, s.points, s.fit, s.fit_grade, s.fit_known, s.grade, s.decision, s.rule_errors,
       k.due_at, k.breached_at, p.heat
FROM (SELECT w.contact_id, w.heat
      FROM page w
      ORDER BY w.heat DESC NULLS LAST, w.contact_id DESC
      LIMIT $13::int) p
CROSS JOIN LATERAL (SELECT * FROM contact_shown x WHERE x.contact_id = p.contact_id LIMIT 1) c
LEFT JOIN LATERAL (SELECT * FROM score x WHERE x.contact_id = c.contact_id AND x.model = $1::int LIMIT 1) s ON true
LEFT JOIN LATERAL (SELECT * FROM sla_clock x
                   WHERE x.contact_id = c.handoff_contact_id AND x.handoff_id = c.handoff_id
                     AND x.kind = 'first_contact' LIMIT 1) k ON true
ORDER BY p.heat DESC NULLS LAST, p.contact_id DESC
