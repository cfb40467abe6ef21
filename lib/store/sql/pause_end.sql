-- Ends the pauses that are over at $2 among the locked contacts $1 and those merged into them, once each, since
-- paused_until goes: the clocks run on as if they had been started again at paused_until, however late this comes.
-- (What is due then is flagged by the next look.) Only a contact's latest handoff is open, so one can be paused.
WITH over AS (
    SELECT h.contact_id, h.handoff_id, h.paused_until, coalesce(m.merged_into, m.contact_id) AS shown_id
    FROM contact m
    CROSS JOIN LATERAL (
        SELECT x.contact_id, x.handoff_id, x.paused_until FROM handoff x
        WHERE x.contact_id = m.contact_id AND x.paused_until <= $2::timestamptz
        LIMIT 1) AS h
    WHERE m.contact_id = ANY ($1::uuid[]) OR m.merged_into = ANY ($1::uuid[])),
clock AS (
    UPDATE sla_clock k
    SET state = 'running', due_at = k.due_at + s.shift, warnings = s.warnings,
        wake_at = least(k.due_at + s.shift, s.warnings[1]), paused_at = NULL,
        paused_seconds = k.paused_seconds + extract(epoch FROM s.shift)::float8
    FROM over o, sla_clock p
    CROSS JOIN LATERAL (SELECT greatest(o.paused_until - p.paused_at, interval '0') AS shift) AS l
    CROSS JOIN LATERAL (SELECT l.shift, array(SELECT w + l.shift FROM unnest(p.warnings) AS w ORDER BY w) AS warnings)
        AS s
    WHERE p.contact_id = o.contact_id AND p.handoff_id = o.handoff_id AND p.state = 'paused'
      AND k.contact_id = p.contact_id AND k.clock_id = p.clock_id)
UPDATE handoff h
SET paused_at = NULL, paused_until = NULL, pause_reason = NULL, version = h.version + 1, updated_at = $2::timestamptz
FROM over o
WHERE h.contact_id = o.contact_id AND h.handoff_id = o.handoff_id
RETURNING o.shown_id, h.handoff_id, h.state, h.assignee
