-- Whether the database knows a time zone by this name ($1).
SELECT EXISTS (SELECT 1 FROM pg_timezone_names WHERE name = $1::text)
