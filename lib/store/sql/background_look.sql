-- Whether there is anything to do: the time now, the set-up's version, where the feed ends, whether something waits for its
-- number, when the next clock wants something and when the next pause ends by itself (null: none). All of it from the ends
-- of indexes, since it is asked five times a second.
SELECT relais_now(), h.version, f.last, EXISTS (SELECT FROM event_tx t WHERE t.first_position IS NULL),
       (SELECT min(k.wake_at) FROM sla_clock k WHERE k.wake_at IS NOT NULL),
       (SELECT min(p.paused_until) FROM handoff p WHERE p.paused_until IS NOT NULL)
FROM catalog_head h
CROSS JOIN feed_head f
WHERE f.feed = 1
