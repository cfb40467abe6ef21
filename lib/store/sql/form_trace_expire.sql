DELETE FROM form_trace WHERE expires_at < relais_now()
