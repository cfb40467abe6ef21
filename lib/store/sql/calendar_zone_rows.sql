-- What the clocks of the calendars $1 in their versions $2 are ahead of UTC, each with its place among these.
SELECT w.n::integer, z.since, z.ahead_seconds
FROM unnest($1::uuid[], $2::integer[]) WITH ORDINALITY AS w (calendar_id, version, n)
JOIN calendar_zone z ON z.calendar_id = w.calendar_id AND z.version = w.version
ORDER BY w.n, z.since
