SELECT min(wake_at), relais_now() FROM sla_clock WHERE wake_at IS NOT NULL
