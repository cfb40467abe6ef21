-- The calendars that are not expanded until the day $1: those in force, and older versions that a clock counts by.
SELECT e.id, e.version, e.body::text, v.first_day::text, v.last_day::text
FROM catalog_entry e
LEFT JOIN calendar_version v ON v.calendar_id = e.id AND v.version = e.version
WHERE e.kind IN ('calendar', 'organisation') AND (v.version IS NULL OR v.last_day < $1::text::date)
UNION ALL
SELECT v.calendar_id, v.version, v.body::text, v.first_day::text, v.last_day::text
FROM calendar_version v
WHERE v.last_day < $1::text::date
  AND NOT EXISTS (SELECT 1 FROM catalog_entry e WHERE e.id = v.calendar_id AND e.version = v.version)
  AND EXISTS (SELECT 1 FROM sla_clock k
              WHERE k.calendar_id = v.calendar_id AND k.calendar_version = v.version AND k.ended_at IS NULL)
