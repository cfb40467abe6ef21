-- Leads, those first whose SLA clock ends next (an overdue one ended long ago), then the others, newest first.
-- $1 the scoring model in force; filters, null (or false) for none: $2 stages (given always), $3 reached at least,
-- $4 or disqualified once, $5 decisions, $6 fit grade or better, $7 log2 of the interest wanted now and $8 the
-- model's half-life in microseconds, $9 channel, $10 campaign, $11 assignee, $12 a handoff that nobody has; $13 rows;
-- $14, $15 deadline and clock of the last contact with one of the page before (null: none; a far one: all are told),
-- $16 the last one without.
-- LIMIT 1 where a key finds the row: so the plan is one lookup a row, whatever the statistics say.
WITH due AS MATERIALIZED (
    SELECT w.contact_id, k.due_at, k.clock_id
    FROM sla_clock k
    CROSS JOIN LATERAL (
        SELECT p.contact_id
        FROM contact o
        CROSS JOIN LATERAL (SELECT * FROM contact x WHERE x.contact_id = coalesce(o.merged_into, o.contact_id)
                            LIMIT 1) p
        LEFT JOIN LATERAL (SELECT * FROM score x WHERE x.contact_id = p.contact_id AND x.model = $1::int
                           LIMIT 1) s ON true
        LEFT JOIN LATERAL (SELECT * FROM handoff x WHERE x.handoff_id = p.handoff_id LIMIT 1) h ON true
        WHERE o.contact_id = k.contact_id AND h.handoff_id = k.handoff_id
          AND p.merged_into IS NULL AND p.email IS NOT NULL
          AND p.stage = ANY ($2::text[]::stage[])
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
        LIMIT 1) w
    WHERE k.ended_at IS NULL AND k.state <> 'paused'
      AND (k.due_at, k.clock_id) > (coalesce($14::timestamptz, '-infinity'::timestamptz),
                                    coalesce($15::uuid, '00000000-0000-0000-0000-000000000000'::uuid))
      -- Each contact once, by its first clock.
      AND NOT EXISTS (SELECT FROM sla_clock e
                      WHERE e.contact_id = k.contact_id AND e.handoff_id = k.handoff_id AND e.ended_at IS NULL
                        AND e.state <> 'paused' AND (e.due_at, e.clock_id) < (k.due_at, k.clock_id) LIMIT 1)
    ORDER BY k.due_at, k.clock_id
    LIMIT $13::int),
other AS MATERIALIZED (
    SELECT p.contact_id
    FROM contact p
    LEFT JOIN LATERAL (SELECT * FROM score x WHERE x.contact_id = p.contact_id AND x.model = $1::int
                       LIMIT 1) s ON true
    LEFT JOIN LATERAL (SELECT * FROM handoff x WHERE x.handoff_id = p.handoff_id LIMIT 1) h ON true
    LEFT JOIN LATERAL (SELECT x.clock_id FROM sla_clock x
                       WHERE x.contact_id = h.contact_id AND x.handoff_id = h.handoff_id AND x.ended_at IS NULL
                         AND x.state <> 'paused' LIMIT 1) e ON true
    WHERE (SELECT count(*) FROM due) < $13::int
      AND p.contact_id < coalesce($16::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) AND e.clock_id IS NULL
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
    ORDER BY p.contact_id DESC
    LIMIT $13::int),
page AS (
    SELECT w.contact_id, w.due_at, w.clock_id FROM due w
    UNION ALL
    SELECT w.contact_id, NULL, NULL FROM other w)
SELECT c.*, s.at, s.points, s.fit, s.fit_grade, s.fit_known, s.grade, s.decision, s.rule_errors,
       k.due_at, k.breached_at, p.due_at, p.clock_id
FROM (SELECT w.contact_id, w.due_at, w.clock_id
      FROM page w
      ORDER BY w.due_at NULLS LAST, w.clock_id, w.contact_id DESC
      LIMIT $13::int) p
CROSS JOIN LATERAL (SELECT * FROM contact_shown x WHERE x.contact_id = p.contact_id LIMIT 1) c
LEFT JOIN LATERAL (SELECT * FROM score x WHERE x.contact_id = c.contact_id AND x.model = $1::int LIMIT 1) s ON true
LEFT JOIN LATERAL (SELECT * FROM sla_clock x
                   WHERE x.contact_id = c.handoff_contact_id AND x.handoff_id = c.handoff_id
                     AND x.kind = 'first_contact' LIMIT 1) k ON true
ORDER BY p.due_at NULLS LAST, p.clock_id, p.contact_id DESC
