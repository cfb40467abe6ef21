-- When the next pause ends by itself (null: none is on), and the time now.
SELECT min(paused_until), relais_now() FROM handoff WHERE paused_until IS NOT NULL
