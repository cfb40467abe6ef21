-- What the notifications $1 are about, as it is now: in the order in which it happened. $2 the time zone for what is shown,
-- $3 the scoring model in force. Local times as "weekday day month year hour minute", the weekday 1 for Monday.
SELECT n.notification_id, n.kind, n.mode, n.subject, n.contact_id, n.handoff_id, n.event_at, n.data::text,
       h.state, h.assignee, h.closed_at IS NOT NULL AS is_closed, h.reason, h.purpose,
       c.contact_id IS NOT NULL AND c.email IS NULL AS is_erased,
       c.attributes ->> 'first_name', c.attributes ->> 'last_name', c.attributes ->> 'company', c.attributes ->> 'job_title',
       s.grade, h.trigger ->> 'offer', k.kind, k.state, k.met_at IS NOT NULL AS is_met,
       to_char(k.due_at AT TIME ZONE $2::text, 'ID DD MM YYYY HH24 MI'),
       to_char(relais_now() AT TIME ZONE $2::text, 'ID DD MM YYYY HH24 MI'),
       n.clock_id, n.data ->> 'to' AS step, (n.data #>> '{members,0}')::uuid AS named,
       r.is_forecast, r.has_recovered, r.is_judged
FROM notification n
LEFT JOIN handoff h ON h.handoff_id = n.handoff_id
LEFT JOIN contact o ON o.contact_id = n.contact_id
LEFT JOIN contact c ON c.contact_id = coalesce(o.merged_into, o.contact_id)
LEFT JOIN LATERAL (
    SELECT x.kind, x.state, x.met_at, x.due_at FROM sla_clock x
    WHERE x.contact_id = h.contact_id AND x.handoff_id = h.handoff_id
      AND CASE WHEN n.clock_id IS NULL THEN x.kind = 'first_contact' AND x.ended_at IS NULL ELSE x.clock_id = n.clock_id END
    ORDER BY x.due_at
    LIMIT 1) AS k ON true
LEFT JOIN LATERAL (
    SELECT p.is_forecast,
           EXISTS (SELECT FROM commitment_alert a
                   WHERE a.commitment_id = p.id AND a.period_start = p.since AND a.in_danger_since IS NULL)
               AS has_recovered,
           EXISTS (SELECT FROM commitment_period f WHERE f.commitment_id = p.id AND f.period_start = p.since)
               AS is_judged
    FROM (SELECT CASE WHEN n.kind = 'commitment_at_risk' THEN n.subject::uuid END AS id, (n.data ->> 'period_start')::timestamptz AS since,
                 n.data ->> 'outlook' IS NOT NULL AS is_forecast) AS p) AS r ON true
LEFT JOIN score s ON s.contact_id = c.contact_id AND s.model = $3::int
WHERE n.notification_id = ANY ($1::uuid[])
ORDER BY n.event_at, n.kind = 'escalation', n.notification_id
