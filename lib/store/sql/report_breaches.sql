-- Where promises are kept and broken: clocks that started in a period and are decided (met, or breached), of the kinds $6.
-- $1 from and $2 to, as instants, or $3 and $4 as days since 1970, midnight in the zone $5; null: no bound.
-- $7 'weekday_hour': by the local day of the week (1: Monday) and hour in which they started; 'rep': by who had the
-- handoff when it was decided, so that nobody answers for what was taken from somebody else.
--
-- Rows: first one with the bounds alone.
WITH bounds AS (
    SELECT coalesce($1::timestamptz, (date '1970-01-01' + $3::int)::timestamp AT TIME ZONE $5::text) AS since,
           coalesce($2::timestamptz, (date '1970-01-01' + $4::int)::timestamp AT TIME ZONE $5::text) AS until),
decided AS (
    SELECT CASE WHEN $7::text = 'weekday_hour' THEN extract(isodow FROM k.started_at AT TIME ZONE $5::text)::int END AS day,
           CASE WHEN $7::text = 'weekday_hour' THEN extract(hour FROM k.started_at AT TIME ZONE $5::text)::int END AS hour,
           CASE WHEN $7::text = 'rep' THEN
               CASE WHEN EXISTS (SELECT FROM handoff_history e
                                 WHERE e.contact_id = k.contact_id AND e.handoff_id = k.handoff_id AND e.kind = 'assigned')
                    THEN (SELECT e.member FROM handoff_history e
                          WHERE e.contact_id = k.contact_id AND e.handoff_id = k.handoff_id AND e.kind = 'assigned'
                            AND e.at <= least(k.due_at, k.met_at)
                          ORDER BY e.at DESC, e.entry_id DESC LIMIT 1)
                    ELSE (SELECT h.assignee FROM handoff h
                          WHERE h.contact_id = k.contact_id AND h.handoff_id = k.handoff_id) END END AS rep,
           k.state
    FROM sla_clock k
    WHERE k.state IN ('met', 'breached') AND k.kind = ANY ($6::text[])
      AND k.started_at >= coalesce((SELECT since FROM bounds), '-infinity')
      AND k.started_at < coalesce((SELECT until FROM bounds), 'infinity'))
SELECT 0 AS part, NULL::int AS day, NULL::int AS hour, NULL::uuid AS rep, 0::bigint AS met, 0::bigint AS breached, since,
       until
FROM bounds
UNION ALL
SELECT 1, d.day, d.hour, d.rep, count(*) FILTER (WHERE d.state = 'met'), count(*) FILTER (WHERE d.state = 'breached'),
       NULL, NULL
FROM decided d
GROUP BY d.day, d.hour, d.rep
ORDER BY 1, 2, 3, 6 DESC, 4
