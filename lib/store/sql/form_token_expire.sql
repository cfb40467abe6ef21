-- Form tokens that are too old anyway need not be remembered.
DELETE FROM form_token_used WHERE expires_at < (SELECT relais_now())
