-- Old versions, replaced a day ago at least, that no clock counts by any more.
WITH old AS MATERIALIZED (
    SELECT v.calendar_id, v.version
    FROM calendar_version v
    JOIN catalog_entry e ON e.id = v.calendar_id
    WHERE v.version < e.version AND e.updated_at < relais_now() - interval '24 hours'
      AND NOT EXISTS (SELECT 1 FROM sla_clock k
                      WHERE k.calendar_id = v.calendar_id AND k.calendar_version = v.version)
    LIMIT 20),
span AS (DELETE FROM calendar_span s USING old o WHERE s.calendar_id = o.calendar_id AND s.version = o.version),
zone AS (DELETE FROM calendar_zone z USING old o WHERE z.calendar_id = o.calendar_id AND z.version = o.version)
DELETE FROM calendar_version v USING old o WHERE v.calendar_id = o.calendar_id AND v.version = o.version
