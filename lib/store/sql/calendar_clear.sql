-- Takes the expansion of the version $2 of the calendar $1 away, to be made anew.
WITH span AS (DELETE FROM calendar_span s WHERE s.calendar_id = $1::uuid AND s.version = $2::integer),
zone AS (DELETE FROM calendar_zone z WHERE z.calendar_id = $1::uuid AND z.version = $2::integer)
DELETE FROM calendar_version v WHERE v.calendar_id = $1::uuid AND v.version = $2::integer
