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
    WHERE (m.contact_id = ANY ($1::uuid[]) AND m.merged_into IS NULL) OR m.merged_into = ANY ($1::uuid[])),
resting AS MATERIALIZED (
    SELECT k.contact_id, k.clock_id, greatest(o.paused_until - k.paused_at, interval '0') AS pause,
           after_pause(k.calendar_id, k.calendar_version, k.due_at, k.paused_at, o.paused_until) AS due_at,
           -- What was due before the pause stays; what comes so long after the deadline goes with it.
           array(SELECT CASE WHEN w > k.paused_at
                             THEN after_pause(k.calendar_id, k.calendar_version, w, k.paused_at, o.paused_until)
                             ELSE w END
                 FROM unnest(k.warnings) AS w ORDER BY w) AS warnings,
           array(SELECT CASE WHEN s > k.due_at
                             THEN after_pause(k.calendar_id, k.calendar_version, k.due_at, k.paused_at, o.paused_until)
                                  + (s - k.due_at)
                             WHEN s > k.paused_at
                             THEN after_pause(k.calendar_id, k.calendar_version, s, k.paused_at, o.paused_until)
                             ELSE s END
                 FROM unnest(k.step_at) WITH ORDINALITY AS u (s, n) ORDER BY u.n) AS step_at
    FROM over o
    CROSS JOIN LATERAL (
        SELECT x.contact_id, x.clock_id, x.warnings, x.step_at, x.calendar_id, x.calendar_version, x.due_at, x.paused_at
        FROM sla_clock x
        WHERE x.contact_id = o.contact_id AND x.handoff_id = o.handoff_id AND x.state = 'paused'
        LIMIT 8) AS k),
clock AS (
    UPDATE sla_clock k
    SET state = 'running', due_at = r.due_at, warnings = r.warnings, step_at = r.step_at,
        wake_at = least(r.due_at, r.warnings[1], r.step_at[1]),
        paused_at = NULL, paused_seconds = k.paused_seconds + extract(epoch FROM r.pause)::float8
    FROM resting r
    WHERE k.contact_id = r.contact_id AND k.clock_id = r.clock_id),
kept AS (
    UPDATE handoff_history p
    SET ended_at = o.paused_until, ended_by = 'system'
    FROM over o
    WHERE p.contact_id = o.contact_id AND p.handoff_id = o.handoff_id AND p.kind = 'paused' AND p.ended_at IS NULL)
UPDATE handoff h
SET paused_at = NULL, paused_until = NULL, pause_reason = NULL, version = h.version + 1, updated_at = $2::timestamptz
FROM over o
WHERE h.contact_id = o.contact_id AND h.handoff_id = o.handoff_id
RETURNING o.shown_id, h.handoff_id, h.state, h.assignee
