-- How much the members $1 have to do at $2: open handoffs, handoffs given to them within a week, the last time.
SELECT m.id,
       (SELECT count(*) FROM handoff h WHERE h.assignee = m.id AND h.closed_at IS NULL),
       (SELECT count(DISTINCT h.handoff_id) FROM handoff_history h
        WHERE h.member = m.id AND h.kind = 'assigned' AND h.at > $2::timestamptz - interval '168 hours'),
       (SELECT max(h.at) FROM handoff_history h WHERE h.member = m.id AND h.kind = 'assigned')
FROM unnest($1::uuid[]) AS m (id)
