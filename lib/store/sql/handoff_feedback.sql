-- What sales said about offers on the handoffs $1, in the order of these, the oldest first.
SELECT w.n, f.feedback_id, f.offer, f.found_useful, f.helped_the_call, f.note, f.actor, f.at
FROM unnest($1::uuid[]) WITH ORDINALITY AS w (handoff_id, n)
JOIN handoff h ON h.handoff_id = w.handoff_id
JOIN feedback f ON f.contact_id = h.contact_id AND f.handoff_id = h.handoff_id
ORDER BY w.n, f.at, f.feedback_id
