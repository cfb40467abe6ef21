-- In the time zone $1: which day it is (YYYY-MM-DD), when the day $2 begins or began there, and the time.
SELECT to_char(n.now AT TIME ZONE $1::text, 'YYYY-MM-DD'), local_day_start($2::text::date, $1::text), n.now
FROM (SELECT relais_now() AS now) AS n
