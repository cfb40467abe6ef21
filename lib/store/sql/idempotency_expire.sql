DELETE FROM idempotency_key WHERE created_at < (SELECT relais_now() - $1::float8 * interval '1 second')
