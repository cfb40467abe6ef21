DELETE FROM form_trace WHERE expires_at < (SELECT relais_now())
