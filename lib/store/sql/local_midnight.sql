-- When the day $1 (YYYY-MM-DD; null: none) begins in the time zone $2.
SELECT ($1::text)::date::timestamp AT TIME ZONE $2::text AS at
