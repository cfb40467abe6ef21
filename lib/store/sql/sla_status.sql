-- What /v1/sla/status counts. By time, not by flag: a clock whose deadline has passed counts as breached a moment
-- before the flagger says so. Clocks of history are none of these: history has no clocks.
--   live   clocks of first contact that nobody has ended
--   ended  those that ended in the last 30 days
-- A rate counts promises decided in that time (met, or broken by a deadline in it, whatever came later); median
-- and share within the hour are those of the first contacts made in it, counted from when the person asked (which is
-- before the clock started when the form post had to wait for the database). Whoever objects, or is erased, was not
-- closed without contact by sales; nor was the handoff of a duplicate, for another one of the person goes on.
WITH clock AS MATERIALIZED (SELECT relais_now() AS now),
live AS (
    SELECT count(*) FILTER (WHERE k.state = 'running' AND k.due_at > n.now) AS running,
           count(*) FILTER (WHERE k.state = 'running' AND k.due_at > n.now
                            AND k.due_at <= n.now + interval '1 hour') AS due_soon,
           count(*) FILTER (WHERE k.state = 'breached' OR (k.state = 'running' AND k.due_at <= n.now)) AS breached,
           count(*) FILTER (WHERE (k.state = 'breached' OR (k.state = 'running' AND k.due_at <= n.now))
                            AND k.due_at >= n.now - interval '720 hours') AS breached_lately
    FROM clock n, sla_clock k
    WHERE k.ended_at IS NULL AND k.kind = 'first_contact'),
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
       live.running, live.due_soon, live.breached,
       ended.met::float8 / nullif(ended.met + ended.breached + live.breached_lately, 0) AS met_rate,
       extract(epoch FROM ended.median)::float8 AS median, ended.within_hour::float8 AS within_hour, ended.closed
FROM clock n, live, ended
