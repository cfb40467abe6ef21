-- Clocks that have not ended, by deadline: behind the deadline $1 and its clock $2 (null: from the beginning), in the
-- states $3, of the kinds $4, on handoffs of the assignee $5 (null: of anybody) or, with $6, of nobody. At most $7.
-- The columns are those of handoff_clocks.sql from its second on.
SELECT k.clock_id, k.handoff_id, coalesce(c.merged_into, c.contact_id) AS contact_id, h.assignee, k.kind, k.policy,
       k.policy_id, k.state, k.started_at, k.due_at, k.met_at, k.breached_at, k.ended_at, k.end_reason,
       k.policy_version, k.calendar_id, k.calendar_version,
       CASE WHEN k.calendar_id IS NOT NULL
            THEN calendar_open_before(k.calendar_id, k.calendar_version, coalesce(k.ended_at, relais_now()))
                 - calendar_open_before(k.calendar_id, k.calendar_version, k.started_at) END,
       coalesce(k.original_due_at, k.due_at - make_interval(secs => k.paused_seconds)) AS original_due_at, k.evidence_at,
       k.paused_at, k.paused_seconds
FROM sla_clock k
CROSS JOIN LATERAL (
    SELECT x.assignee FROM handoff x
    WHERE x.contact_id = k.contact_id AND x.handoff_id = k.handoff_id
      AND ($5::uuid IS NULL OR x.assignee = $5::uuid) AND (NOT $6::boolean OR x.assignee IS NULL)
    LIMIT 1) AS h
CROSS JOIN LATERAL (SELECT y.merged_into, y.contact_id FROM contact y WHERE y.contact_id = k.contact_id LIMIT 1) AS c
WHERE k.ended_at IS NULL
  AND (k.due_at, k.clock_id) > (coalesce($1::timestamptz, '-infinity'::timestamptz),
                                coalesce($2::uuid, '00000000-0000-0000-0000-000000000000'::uuid))
  AND k.state = ANY ($3::text[]) AND k.kind = ANY ($4::text[])
ORDER BY k.due_at, k.clock_id
LIMIT $7::int
