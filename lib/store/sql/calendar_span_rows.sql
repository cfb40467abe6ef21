-- When the calendars $1 in their versions $2 are open, each with its place among these.
SELECT w.n::integer, s.opens_at, s.closes_at, s.open_seconds_before
FROM unnest($1::uuid[], $2::integer[]) WITH ORDINALITY AS w (calendar_id, version, n)
JOIN calendar_span s ON s.calendar_id = w.calendar_id AND s.version = w.version
ORDER BY w.n, s.opens_at
