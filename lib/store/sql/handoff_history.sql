-- What became of the handoffs $1 beside their moves, in the order of these, the oldest first.
SELECT w.n, h.kind, h.at, h.actor, h.reason, h.member, h.previous, h.until, h.ended_at, h.ended_by, h.clock_id,
       h.detail::text AS detail
FROM unnest($1::uuid[]) WITH ORDINALITY AS w (handoff_id, n)
JOIN handoff x ON x.handoff_id = w.handoff_id
JOIN handoff_history h ON h.contact_id = x.contact_id AND h.handoff_id = x.handoff_id
ORDER BY w.n, h.at, h.entry_id
