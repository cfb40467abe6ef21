-- What the calendars $1 in their versions $2 are expanded to, each with its place among these.
SELECT w.n::integer, v.starts_at, v.ends_at
FROM unnest($1::uuid[], $2::integer[]) WITH ORDINALITY AS w (calendar_id, version, n)
JOIN calendar_version v ON v.calendar_id = w.calendar_id AND v.version = w.version
ORDER BY w.n
