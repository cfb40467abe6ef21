-- When the day $1 begins in the time zone $2, and the time now.
SELECT ($1::date)::timestamp AT TIME ZONE $2::text AS at, relais_now() AS now
