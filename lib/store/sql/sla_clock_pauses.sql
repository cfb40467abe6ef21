-- When the clock $1 rested: the pauses of its handoff, as far as they lie in its running time. What began after a
-- deadline that was missed did not stop it.
SELECT greatest(p.at, k.started_at) AS since, least(p.ended_at, k.ended_at) AS ended_at, p.until, p.actor, p.reason,
       p.ended_by
FROM sla_clock k
JOIN handoff_history p ON p.contact_id = k.contact_id AND p.handoff_id = k.handoff_id AND p.kind = 'paused'
WHERE k.clock_id = $1::uuid
  AND p.at < coalesce(k.ended_at, 'infinity'::timestamptz) AND (k.breached_at IS NULL OR p.at < k.due_at)
  AND coalesce(p.ended_at, 'infinity'::timestamptz) > k.started_at
ORDER BY since, p.entry_id
