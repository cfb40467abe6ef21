-- Takes the warnings that are due at $2 among the locked contacts $1 and sets the next waking: a row for each warning,
-- also when several have come due meanwhile.
-- LATERAL with LIMIT, as in sla_breach.sql: one lookup a contact, whatever the statistics say.
WITH due AS MATERIALIZED (
    SELECT k.contact_id, k.clock_id, coalesce(m.merged_into, m.contact_id) AS shown_id,
           array(SELECT w FROM unnest(k.warnings) AS w WHERE w > $2::timestamptz ORDER BY w) AS rest,
           cardinality(k.warnings) AS before
    FROM contact m
    CROSS JOIN LATERAL (
        SELECT x.contact_id, x.clock_id, x.warnings, x.state, x.due_at, x.wake_at FROM sla_clock x
        WHERE x.contact_id = m.contact_id AND x.ended_at IS NULL
        ORDER BY x.contact_id, x.clock_id
        LIMIT 100) AS k
    WHERE ((m.contact_id = ANY ($1::uuid[]) AND m.merged_into IS NULL) OR m.merged_into = ANY ($1::uuid[]))
      AND k.state = 'running' AND k.due_at > $2::timestamptz AND k.wake_at <= $2::timestamptz),
taken AS (
    UPDATE sla_clock k
    SET warnings = d.rest, wake_at = least(k.due_at, d.rest[1], k.step_at[1])
    FROM due d
    WHERE k.contact_id = d.contact_id AND k.clock_id = d.clock_id
    RETURNING d.shown_id, k.clock_id, k.handoff_id, k.kind, k.due_at, d.before - cardinality(d.rest) AS count)
SELECT t.shown_id, t.clock_id, t.handoff_id, t.kind, t.due_at, $2::timestamptz AS at
FROM taken t
CROSS JOIN LATERAL generate_series(1, t.count)
