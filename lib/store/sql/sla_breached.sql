-- The 50 handoffs whose broken promise is oldest and still open, by time as in sla_status.sql; each once, with its
-- oldest one, after a merge under the survivor's id. A handoff has at most one clock of each of the four kinds, so
-- the 200 first clocks are enough; whether they are due is asked afterwards, for the planner, which guesses too
-- few to see that the index has them in order.
SELECT k.handoff_id, coalesce(c.merged_into, c.contact_id) AS contact_id, h.assignee, k.due_at
FROM (SELECT o.contact_id, o.handoff_id, min(o.due_at) AS due_at
      FROM (SELECT l.contact_id, l.handoff_id, l.due_at FROM sla_clock l
            WHERE l.ended_at IS NULL AND l.state <> 'paused'
            ORDER BY l.due_at, l.clock_id
            LIMIT 200) AS o
      WHERE o.due_at <= (SELECT relais_now())
      GROUP BY o.contact_id, o.handoff_id
      ORDER BY due_at, o.handoff_id
      LIMIT 50) AS k
JOIN handoff h ON h.contact_id = k.contact_id AND h.handoff_id = k.handoff_id
JOIN contact c ON c.contact_id = k.contact_id
ORDER BY k.due_at, k.handoff_id
