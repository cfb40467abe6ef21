-- The attempts on the handoffs $1, in the order of these, the oldest first.
SELECT w.n, a.attempt_id, a.channel, a.outcome, a.at, a.logged_at, a.actor, a.note,
       a.offers_sent::text AS offers_sent
FROM unnest($1::uuid[]) WITH ORDINALITY AS w (handoff_id, n)
JOIN handoff h ON h.handoff_id = w.handoff_id
JOIN attempt a ON a.contact_id = h.contact_id AND a.handoff_id = h.handoff_id
ORDER BY w.n, a.at, a.attempt_id
