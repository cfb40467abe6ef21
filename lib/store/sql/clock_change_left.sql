-- A change that somebody began and has not gone on with.
SELECT entry_id, version
FROM clock_change
WHERE finished_at IS NULL AND progress_at < relais_now() - interval '10 seconds'
ORDER BY requested_at
LIMIT 1
