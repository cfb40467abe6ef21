-- What /v1/sla/status counts. By time, not by flag: a clock whose deadline has passed counts as breached a moment
-- before the flagger says so. Clocks of history are none of these: history has no clocks.
--   coming  clocks of first contact that run and have time left
--   late    those that nobody has ended and whose time is over
--   ended   those that ended in the last 30 days
-- Each is a range of an index that has all it needs: with a hundred thousand clocks that run, read twice a second.
-- A rate counts promises decided in that time (met, or broken by a deadline in it, whatever came later); median
-- and share within the hour are those of the first contacts made in it, counted from when the person asked (which is
-- before the clock started when the form post had to wait for the database). Whoever objects, or is erased, was not
-- closed without contact by sales; nor was the handoff of a duplicate, for another one of the person goes on.
WITH clock AS MATERIALIZED (SELECT relais_now() AS now),
coming AS (
    SELECT count(*) AS running,
           count(*) FILTER (WHERE k.due_at <= (SELECT now FROM clock) + interval '1 hour') AS due_soon
    FROM sla_clock k
    WHERE k.ended_at IS NULL AND k.kind = 'first_contact' AND k.state = 'running'
      AND k.due_at > (SELECT now FROM clock)),
late AS (
    SELECT count(*) AS breached,
           count(*) FILTER (WHERE k.due_at >= (SELECT now FROM clock) - interval '720 hours') AS breached_lately
    FROM sla_clock k
    WHERE k.ended_at IS NULL AND k.kind = 'first_contact' AND k.state IN ('running', 'breached')
      AND k.due_at <= (SELECT now FROM clock)),
ended AS (
    SELECT count(*) FILTER (WHERE k.state = 'met') AS met,
           count(*) FILTER (WHERE k.state = 'breached' AND k.due_at >= (SELECT now FROM clock) - interval '720 hours')
               AS breached,
           count(*) FILTER (WHERE k.met_at IS NULL AND k.end_reason NOT IN ('objection', 'erased', 'merge')) AS closed,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY k.met_at - coalesce(k.asked_at, k.started_at)) AS median,
           avg((k.met_at <= coalesce(k.asked_at, k.started_at) + interval '1 hour')::int) AS within_hour
    FROM sla_clock k
    WHERE k.ended_at >= (SELECT now FROM clock) - interval '720 hours' AND k.kind = 'first_contact')
SELECT n.now, (SELECT min(w.wake_at) FROM sla_clock w WHERE w.wake_at > n.now) AS next_change_at,
       coming.running, coming.due_soon, late.breached,
       ended.met::float8 / nullif(ended.met + ended.breached + late.breached_lately, 0) AS met_rate,
       extract(epoch FROM ended.median)::float8 AS median, ended.within_hour::float8 AS within_hour, ended.closed
FROM clock n, coming, late, ended
