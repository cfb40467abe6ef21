-- When the next clock wants something, the time now, and the version of the set-up.
SELECT min(wake_at), relais_now(), (SELECT h.version FROM catalog_head h) FROM sla_clock WHERE wake_at IS NOT NULL
