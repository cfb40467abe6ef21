-- Set-up writes come one after the other.
SELECT version, relais_now() FROM catalog_head FOR UPDATE
