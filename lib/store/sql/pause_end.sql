-- Ends the pauses that are over at $2 among the locked contacts $1 and those merged into them, once each, since
-- paused_until goes: the clocks run on as if they had been started again at paused_until, however late this comes;
-- those that count by a calendar have as much open time left as they had.
-- (What is due then is flagged by the next look.) Only a contact's latest handoff is open, so one can be paused.
-- LIMIT where a key finds the rows: so the plan is one lookup a row, whatever the statistics say.
WITH over AS MATERIALIZED (
    SELECT h.contact_id, h.handoff_id, h.paused_until, coalesce(m.merged_into, m.contact_id) AS shown_id
    FROM contact m
    CROSS JOIN LATERAL (
        SELECT x.contact_id, x.handoff_id, x.paused_until FROM handoff x
        WHERE x.contact_id = m.contact_id AND x.paused_until <= $2::timestamptz
        LIMIT 1) AS h
    WHERE m.contact_id = ANY ($1::uuid[]) OR m.merged_into = ANY ($1::uuid[])),
resting AS MATERIALIZED (
    SELECT k.contact_id, k.clock_id, greatest(o.paused_until - k.paused_at, interval '0') AS pause,
           after_pause(k.calendar_id, k.calendar_version, k.due_at, k.paused_at, o.paused_until) AS due_at,
           array(SELECT after_pause(k.calendar_id, k.calendar_version, w, k.paused_at, o.paused_until)
                 FROM unnest(k.warnings) AS w ORDER BY w) AS warnings
    FROM over o
    CROSS JOIN LATERAL (
        SELECT x.contact_id, x.clock_id, x.warnings, x.calendar_id, x.calendar_version, x.due_at, x.paused_at
        FROM sla_clock x
        WHERE x.contact_id = o.contact_id AND x.handoff_id = o.handoff_id AND x.state = 'paused'
        LIMIT 8) AS k),
clock AS (
    UPDATE sla_clock k
    SET state = 'running', due_at = r.due_at, warnings = r.warnings, wake_at = least(r.due_at, r.warnings[1]),
        paused_at = NULL, paused_seconds = k.paused_seconds + extract(epoch FROM r.pause)::float8
    FROM resting r
    WHERE k.contact_id = r.contact_id AND k.clock_id = r.clock_id)
UPDATE handoff h
SET paused_at = NULL, paused_until = NULL, pause_reason = NULL, version = h.version + 1, updated_at = $2::timestamptz
FROM over o
WHERE h.contact_id = o.contact_id AND h.handoff_id = o.handoff_id
RETURNING o.shown_id, h.handoff_id, h.state, h.assignee
