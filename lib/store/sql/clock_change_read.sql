-- Of the clocks $2 of the contacts $1, side by side, those that still run or rest at $4 and are not late, as they are now
-- that the contacts $3 are locked. The first columns are those of clock_state.sql; then the version of the policy and how
-- that was, whom events tell, who has the handoff, and the pauses that are over: from, to, from, to …
SELECT k.contact_id, k.clock_id, k.handoff_id, k.kind, k.policy_id, k.policy, k.state, k.started_at, k.due_at, k.warnings,
       k.paused_at, k.paused_seconds, k.attempts_needed, k.met_at, k.breached_at, k.ended_at, k.end_reason,
       k.calendar_id, k.calendar_version, k.step_at, array_to_string(k.steps, ',') AS steps,
       k.policy_version, coalesce(v.body, e.body::jsonb)::text AS body,
       coalesce(m.merged_into, m.contact_id) AS shown_id, h.assignee,
       array(SELECT u.t
             FROM handoff_history p
             CROSS JOIN LATERAL unnest(ARRAY[greatest(p.at, k.started_at), p.ended_at]) WITH ORDINALITY AS u (t, n)
             WHERE p.contact_id = k.contact_id AND p.handoff_id = k.handoff_id AND p.kind = 'paused'
               AND p.ended_at > k.started_at
             ORDER BY p.at, p.entry_id, u.n) AS pauses
FROM unnest($1::uuid[], $2::uuid[]) AS w (contact_id, clock_id)
JOIN sla_clock k ON k.contact_id = w.contact_id AND k.clock_id = w.clock_id
JOIN contact m ON m.contact_id = k.contact_id
JOIN handoff h ON h.contact_id = k.contact_id AND h.handoff_id = k.handoff_id
LEFT JOIN policy_version v ON v.policy_id = k.policy_id AND v.version = k.policy_version
LEFT JOIN catalog_entry e ON e.id = k.policy_id AND e.version = k.policy_version
WHERE coalesce(m.merged_into, m.contact_id) = ANY ($3::uuid[])
  AND (k.state = 'paused' OR (k.state = 'running' AND k.due_at > $4::timestamptz))
