-- Takes the steps of escalation that are due at $2 among the locked contacts $1, in the order of their times, and sets
-- the next waking: once each, since they leave the clock. Of running clocks and of breached ones that are open.
WITH due AS MATERIALIZED (
    SELECT k.contact_id, k.clock_id, coalesce(m.merged_into, m.contact_id) AS shown_id, n.taken,
           k.step_at[n.taken + 1:] AS rest_at, k.steps[n.taken + 1:] AS rest, k.steps[:n.taken] AS steps
    FROM contact m
    CROSS JOIN LATERAL (
        SELECT x.contact_id, x.clock_id, x.step_at, x.steps, x.state, x.wake_at FROM sla_clock x
        WHERE x.contact_id = m.contact_id AND x.ended_at IS NULL
        ORDER BY x.contact_id, x.clock_id -- as the key, which so beats the index of all live clocks while both are empty
        LIMIT 100) AS k
    CROSS JOIN LATERAL (
        SELECT count(*)::int AS taken FROM unnest(k.step_at) AS s WHERE s <= $2::timestamptz) AS n
    WHERE ((m.contact_id = ANY ($1::uuid[]) AND m.merged_into IS NULL) OR m.merged_into = ANY ($1::uuid[]))
      AND k.state IN ('running', 'breached') AND k.wake_at <= $2::timestamptz AND n.taken > 0),
taken AS (
    UPDATE sla_clock k
    SET step_at = d.rest_at, steps = d.rest,
        wake_at = CASE WHEN k.state = 'running' THEN least(k.due_at, k.warnings[1], d.rest_at[1]) ELSE d.rest_at[1] END
    FROM due d
    WHERE k.contact_id = d.contact_id AND k.clock_id = d.clock_id
    RETURNING d.shown_id, k.contact_id, k.clock_id, k.handoff_id, k.kind, k.due_at,
              array_to_string(d.steps, ',') AS steps)
SELECT t.shown_id, t.contact_id, t.clock_id, t.handoff_id, t.kind, t.due_at, t.steps, h.assignee, h.state
FROM taken t
CROSS JOIN LATERAL (
    SELECT x.assignee, x.state FROM handoff x WHERE x.contact_id = t.contact_id AND x.handoff_id = t.handoff_id LIMIT 1) AS h
ORDER BY t.due_at, t.clock_id
