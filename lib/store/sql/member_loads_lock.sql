-- Who gives handoffs away counts alone: the number is the same in every instance, "assign" in ASCII.
SELECT pg_advisory_xact_lock(107126708660590)::text
