-- Commitments: what a team promised per period, what came of it, and what was measured when a period closed.
-- The commitment itself is set-up (catalog_entry, kind "commitment"); here is what depends on time.

-- Every definition that a commitment ever had. For a period counts the one that was in force when it began, so that
-- a change is for the next period; for the period in which the commitment was made, and those before, the first one.
CREATE TABLE commitment_definition (
    commitment_id uuid NOT NULL,
    version       integer NOT NULL, -- of the entry
    body          jsonb NOT NULL,
    made_at       timestamptz NOT NULL,
    PRIMARY KEY (commitment_id, version)
);

-- What was found about a closed period, once and for ever.
CREATE TABLE commitment_period (
    commitment_id uuid NOT NULL,
    period_start  timestamptz NOT NULL,
    period_end    timestamptz NOT NULL,
    version       integer NOT NULL,  -- of the definition that counted
    target        double precision NOT NULL,
    numerator     bigint NOT NULL,
    denominator   bigint,            -- null: the metric is a sum
    pending       bigint NOT NULL,   -- of those, not decided by then
    actual        double precision,  -- null: there was nothing to measure
    state         text NOT NULL,     -- met, missed
    frozen_at     timestamptz NOT NULL,
    PRIMARY KEY (commitment_id, period_start)
);

-- The things behind those numbers, by id alone: their sums are the numbers, whatever happens to the things.
CREATE TABLE commitment_subject (
    commitment_id uuid NOT NULL,
    period_start  timestamptz NOT NULL,
    subject_id    uuid NOT NULL,
    contact_id    uuid,             -- null: an expense
    at            timestamptz NOT NULL,
    member        uuid,
    numerator     bigint NOT NULL,
    denominator   bigint,
    pending       bigint NOT NULL,
    PRIMARY KEY (commitment_id, period_start, subject_id)
);

-- Whether a handoff passes a commitment's filter: decided once, of what was kept of its opening.
CREATE TABLE handoff_match (
    contact_id uuid NOT NULL,
    handoff_id uuid NOT NULL,
    filter     uuid NOT NULL,       -- see commitment_filter
    is_match   boolean NOT NULL,
    PRIMARY KEY (contact_id, handoff_id, filter)
);

-- What visitors and money went in.
CREATE TABLE traffic (
    day        date NOT NULL,
    channel    text NOT NULL,
    campaign   text NOT NULL,       -- '': none
    visits     bigint NOT NULL,
    clicks     bigint,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (day, channel, campaign)
);
CREATE TABLE spend (
    month      date NOT NULL,       -- its first day
    channel    text NOT NULL,       -- '': none
    campaign   text NOT NULL,       -- '': none; one of the two is named
    currency   text NOT NULL,
    spend_id   uuid NOT NULL,
    amount     bigint NOT NULL,     -- minor units
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (month, channel, campaign, currency)
);

-- A contact's first moment as a lead, as a customer, and as an MQL of history (which has no handoff). What a merge
-- wrote is the other contact's moment.
CREATE INDEX stage_change_capture ON stage_change (at, contact_id)
    WHERE to_stage >= 'lead' AND to_stage < 'disqualified' AND (from_stage IS NULL OR from_stage < 'lead');
CREATE INDEX stage_change_customer ON stage_change (at, contact_id) WHERE to_stage = 'customer';
CREATE INDEX stage_change_history ON stage_change (at, contact_id) WHERE to_stage = 'mql' AND historical;
CREATE INDEX deal_won ON deal (won_at);

-- The first moment of a local day: where the clocks go back at midnight, there are two of them.
CREATE FUNCTION local_day_start(day date, zone text) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT CASE WHEN e.early < u.late AND e.early AT TIME ZONE zone = day::timestamp THEN e.early ELSE u.late END
FROM (SELECT day::timestamp AT TIME ZONE zone AS late) AS u,
     LATERAL (SELECT u.late - interval '24 hours' AS before) AS b,
     LATERAL (SELECT (day::timestamp - ((b.before AT TIME ZONE zone) - (b.before AT TIME ZONE 'UTC')))
                         AT TIME ZONE 'UTC' AS early) AS e
$$;

-- The period that a moment lies in: a local day, week (from the weekday `starts`), month or quarter.
CREATE FUNCTION commitment_bounds(every text, starts text, zone text, at timestamptz)
    RETURNS TABLE (since timestamptz, until timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT local_day_start(f.first_day, zone),
       local_day_start(CASE every WHEN 'day' THEN f.first_day + 1
                                  WHEN 'week' THEN f.first_day + 7
                                  WHEN 'month' THEN (f.first_day::timestamp + interval '1 month')::date
                                  ELSE (f.first_day::timestamp + interval '3 months')::date END, zone)
FROM (SELECT t.today,
             array_position(ARRAY['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'], starts)
                 AS starts_on
      FROM (SELECT (at AT TIME ZONE zone)::date AS today) AS t) AS d,
     LATERAL (SELECT CASE every WHEN 'day' THEN d.today
                                WHEN 'week' THEN d.today - (extract(isodow FROM d.today)::int - d.starts_on + 7) % 7
                                WHEN 'month' THEN date_trunc('month', d.today::timestamp)::date
                                ELSE date_trunc('quarter', d.today::timestamp)::date END AS first_day) AS f
$$;

-- How much of a period's open time is over, in whole hours, and when more of it will be. Open are the days from
-- Monday to Friday; a period without any is open throughout.
CREATE FUNCTION commitment_pace(since timestamptz, until timestamptz, zone text, at timestamptz)
    RETURNS TABLE (share double precision, next_step_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
WITH hour AS (SELECT greatest(since, least(until, date_trunc('hour', at))) AS now),
day AS (
    SELECT local_day_start(d.day, zone) AS opens, local_day_start(d.day + 1, zone) AS closes,
           extract(isodow FROM d.day) < 6 AS is_workday
    FROM (SELECT (since AT TIME ZONE zone)::date + n AS day
          FROM generate_series(0, (until AT TIME ZONE zone)::date - (since AT TIME ZONE zone)::date - 1) AS n) AS d),
span AS (
    SELECT opens, closes FROM day WHERE is_workday OR NOT EXISTS (SELECT FROM day w WHERE w.is_workday))
SELECT (sum(extract(epoch FROM least(greatest(h.now, s.opens), s.closes) - s.opens))
            / sum(extract(epoch FROM s.closes - s.opens)))::double precision,
       min(least(greatest(h.now, s.opens) + interval '1 hour', s.closes)) FILTER (WHERE s.closes > h.now)
FROM span s, hour h
$$;

-- Names a filter by what it says.
CREATE FUNCTION commitment_filter(body jsonb) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
SELECT CASE WHEN jsonb_typeof(body -> 'filter') <> 'null'
            THEN left(encode(sha256(convert_to((body -> 'filter')::text, 'UTF8')), 'hex'), 32)::uuid END
$$;

-- The definition that counts for a period.
CREATE FUNCTION commitment_in_force(commitment uuid, period_start timestamptz)
    RETURNS TABLE (version integer, body jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT d.version, d.body
FROM commitment_definition d
WHERE d.commitment_id = commitment
ORDER BY d.made_at <= period_start DESC, CASE WHEN d.made_at <= period_start THEN -d.version ELSE d.version END
LIMIT 1
$$;

-- The least id that a handoff opened at a moment can have: ids begin with the millisecond.
CREATE FUNCTION first_id_at(at timestamptz) RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- THE definition of every metric: the things that fall into a period (from `since` to before `until`), and what each
-- adds to numerator and denominator (null: the metric is a sum) and to what is not decided yet. `currency` is the
-- organisation's; `now_at` decides about deadlines by time, not by flag, as the status does.
--
--   leads_captured          contacts by when they first became a lead (or were more than that at once)
--   conversion_rate         of these, those that have become customers since
--   leads_delivered         handoffs by when they were opened, and the MQLs of history, which has none
--   fit_share               of the handoffs, those whose fit was A or B when they were opened
--   data_quality            of the handoffs, those of which nothing was missing for the fit, and that sales did not
--                           reject for bad data
--   acceptance_rate         of the handoffs, those that sales accepted; pending: open
--   mql_to_sql_rate         of the handoffs (and MQLs of history), those that were qualified; pending: not closed yet
--   attempts_per_lead       attempts made on the handoffs, by the handoff; pending: not closed yet
--   contacted_in_time_rate  of the handoffs' clocks of first contact that are decided, those that were met in time;
--   verdict_in_time_rate    of their clocks of qualification, the same; cancelled and excused ones do not count;
--                           pending: running or paused
--   revenue                 amounts of the deals by when they were won, in the organisation's currency
--   average_deal            the same, by the deal that has an amount
--   cost_per_customer       what was spent in the months of the period, by the contact that first became a customer
--
-- Of contacts that were merged, the one counts that was first. A filter takes the handoffs that match it, and
-- the deals won by them.
CREATE FUNCTION commitment_part(metric text, since timestamptz, until timestamptz, filter uuid, currency text,
                                zone text, now_at timestamptz)
    RETURNS TABLE (subject_id uuid, contact_id uuid, at timestamptz, member uuid, numerator bigint,
                   denominator bigint, pending bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT h.handoff_id, h.contact_id, h.opened_at, h.assignee,
       CASE metric WHEN 'leads_delivered' THEN 1
                   WHEN 'fit_share' THEN (h.snapshot #>> '{score,fit_grade}' IN ('A', 'B'))::int
                   WHEN 'data_quality' THEN ((h.snapshot #>> '{score,fit_known}')::float8 >= 1
                                             AND h.reason IS DISTINCT FROM 'bad_data')::int
                   WHEN 'acceptance_rate' THEN (h.accepted_at IS NOT NULL)::int
                   WHEN 'mql_to_sql_rate' THEN (h.qualified_at IS NOT NULL)::int
                   ELSE h.attempts END::bigint,
       CASE WHEN metric <> 'leads_delivered' THEN 1::bigint END,
       CASE metric WHEN 'acceptance_rate' THEN (h.accepted_at IS NULL AND h.closed_at IS NULL)::int
                   WHEN 'mql_to_sql_rate' THEN (h.qualified_at IS NULL AND h.closed_at IS NULL)::int
                   WHEN 'attempts_per_lead' THEN (h.closed_at IS NULL)::int
                   ELSE 0 END::bigint
FROM handoff h
WHERE metric IN ('leads_delivered', 'fit_share', 'data_quality', 'acceptance_rate', 'mql_to_sql_rate',
                 'attempts_per_lead')
  AND h.handoff_id >= first_id_at(since) AND h.handoff_id < first_id_at(until)
  AND h.opened_at >= since AND h.opened_at < until AND NOT h.historical
  AND (filter IS NULL OR EXISTS (SELECT FROM handoff_match m
                                 WHERE m.contact_id = h.contact_id AND m.handoff_id = h.handoff_id
                                   AND m.filter = commitment_part.filter AND m.is_match))
UNION ALL
SELECT h.handoff_id, h.contact_id, h.opened_at, h.assignee,
       (k.state = 'met')::int::bigint,
       (k.state IN ('met', 'breached') OR (k.state = 'running' AND k.due_at <= now_at))::int::bigint,
       (k.state = 'paused' OR (k.state = 'running' AND k.due_at > now_at))::int::bigint
FROM handoff h
JOIN sla_clock k ON k.contact_id = h.contact_id AND k.handoff_id = h.handoff_id
WHERE metric IN ('contacted_in_time_rate', 'verdict_in_time_rate')
  AND k.kind = CASE metric WHEN 'contacted_in_time_rate' THEN 'first_contact' ELSE 'qualification' END
  AND k.state NOT IN ('cancelled', 'excused')
  AND h.handoff_id >= first_id_at(since) AND h.handoff_id < first_id_at(until)
  AND h.opened_at >= since AND h.opened_at < until AND NOT h.historical
  AND (filter IS NULL OR EXISTS (SELECT FROM handoff_match m
                                 WHERE m.contact_id = h.contact_id AND m.handoff_id = h.handoff_id
                                   AND m.filter = commitment_part.filter AND m.is_match))
UNION ALL
SELECT s.contact_id, s.contact_id, s.at, NULL::uuid,
       CASE WHEN metric = 'leads_captured' THEN 1
            ELSE (EXISTS (SELECT FROM stage_change w
                          WHERE w.to_stage = 'customer'
                            AND w.contact_id IN (s.contact_id, (SELECT c.merged_into FROM contact c
                                                                WHERE c.contact_id = s.contact_id))))::int
            END::bigint,
       CASE WHEN metric <> 'leads_captured' THEN 1::bigint END,
       0::bigint
FROM stage_change s
WHERE metric IN ('leads_captured', 'conversion_rate')
  AND s.at >= since AND s.at < until
  AND s.to_stage >= 'lead' AND s.to_stage < 'disqualified' AND (s.from_stage IS NULL OR s.from_stage < 'lead')
  AND s.reason IS DISTINCT FROM 'merge'
  AND (s.contact_id NOT IN (SELECT f.contact_id FROM contact f WHERE f.merged_into IS NOT NULL
                            UNION ALL
                            SELECT f.merged_into FROM contact f WHERE f.merged_into IS NOT NULL)
       OR NOT EXISTS (
           SELECT FROM contact c
           JOIN contact o ON o.contact_id = c.merged_into OR o.merged_into = coalesce(c.merged_into, c.contact_id)
           JOIN stage_change e ON e.contact_id = o.contact_id
           WHERE c.contact_id = s.contact_id AND o.contact_id <> c.contact_id
             AND e.to_stage >= 'lead' AND e.to_stage < 'disqualified' AND (e.from_stage IS NULL OR e.from_stage < 'lead')
             AND e.reason IS DISTINCT FROM 'merge' AND (e.at, e.contact_id) < (s.at, s.contact_id)))
UNION ALL
SELECT md5(s.contact_id::text || s.ordinal::text)::uuid, s.contact_id, s.at, NULL::uuid,
       CASE WHEN metric = 'leads_delivered' THEN 1
            ELSE (EXISTS (SELECT FROM stage_change q
                          WHERE q.contact_id = s.contact_id AND q.to_stage >= 'sql' AND q.to_stage < 'disqualified'))::int
            END::bigint,
       CASE WHEN metric <> 'leads_delivered' THEN 1::bigint END,
       0::bigint
FROM stage_change s
WHERE metric IN ('leads_delivered', 'mql_to_sql_rate') AND filter IS NULL
  AND s.at >= since AND s.at < until AND s.to_stage = 'mql' AND s.historical
UNION ALL
SELECT d.deal_id, d.contact_id, d.won_at, d.assignee, d.amount,
       CASE WHEN metric <> 'revenue' THEN 1::bigint END, 0::bigint
FROM deal d
WHERE metric IN ('revenue', 'average_deal')
  AND d.won_at >= since AND d.won_at < until AND d.amount IS NOT NULL
  AND coalesce(d.currency, commitment_part.currency) = commitment_part.currency
  AND (filter IS NULL OR EXISTS (SELECT FROM handoff_match m
                                 WHERE m.contact_id = d.contact_id AND m.handoff_id = d.handoff_id
                                   AND m.filter = commitment_part.filter AND m.is_match))
UNION ALL
SELECT s.contact_id, s.contact_id, s.at, NULL::uuid, 0::bigint, 1::bigint, 0::bigint
FROM stage_change s
WHERE metric = 'cost_per_customer'
  AND s.at >= since AND s.at < until AND s.to_stage = 'customer' AND s.reason IS DISTINCT FROM 'merge'
UNION ALL
SELECT p.spend_id, NULL::uuid, local_day_start(p.month, zone), NULL::uuid, p.amount, 0::bigint, 0::bigint
FROM spend p
WHERE metric = 'cost_per_customer' AND p.currency = commitment_part.currency
  AND p.month >= (since AT TIME ZONE zone)::date AND p.month < (until AT TIME ZONE zone)::date
$$;

-- What was found about the closed periods before a moment: the last twelve, the newest first.
CREATE FUNCTION commitment_past(commitment uuid, before timestamptz)
    RETURNS TABLE (numerators double precision[], denominators double precision[])
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT coalesce(array_agg(p.numerator::float8 ORDER BY p.period_start DESC), '{}'),
       coalesce(array_agg(coalesce(p.denominator, 0)::float8 ORDER BY p.period_start DESC), '{}')
FROM (SELECT c.period_start, c.numerator, c.denominator
      FROM commitment_period c
      WHERE c.commitment_id = commitment AND c.period_start < before
      ORDER BY c.period_start DESC
      LIMIT 12) AS p
$$;

-- Handoffs of a period that sales is excused from, because there were more of them than agreed.
CREATE FUNCTION commitment_excused(since timestamptz, until timestamptz, filter uuid) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT count(*)
FROM handoff h
WHERE h.handoff_id >= first_id_at(since) AND h.handoff_id < first_id_at(until)
  AND h.opened_at >= since AND h.opened_at < until
  AND EXISTS (SELECT FROM sla_clock k
              WHERE k.contact_id = h.contact_id AND k.handoff_id = h.handoff_id
                AND k.state = 'excused' AND k.end_reason = 'capacity')
  AND (filter IS NULL OR EXISTS (SELECT FROM handoff_match m
                                 WHERE m.contact_id = h.contact_id AND m.handoff_id = h.handoff_id
                                   AND m.filter = commitment_excused.filter AND m.is_match))
$$;

-- How a commitment stands in one of its periods. capacity: what the other team can take at most, in handoffs, and how
-- many of the surplus were excused.
CREATE FUNCTION commitment_standing(commitment uuid, since timestamptz, until timestamptz, zone text, currency text,
                                    now_at timestamptz)
    RETURNS TABLE (version integer, team text, metric text, is_at_most boolean, target double precision,
                   period text, numerator bigint, denominator bigint, pending bigint, share double precision,
                   next_step_at timestamptz, past_numerators double precision[], past_denominators double precision[],
                   capacity bigint, excused bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT d.version, d.body ->> 'team', d.body ->> 'metric', (d.body ->> 'at_most') IS NOT NULL,
       coalesce(d.body ->> 'at_least', d.body ->> 'at_most')::float8, (since AT TIME ZONE zone)::date::text,
       t.numerator, t.denominator, t.pending, p.share, p.next_step_at, w.numerators, w.denominators,
       (d.body ->> 'capacity')::bigint,
       CASE WHEN d.body ->> 'capacity' IS NOT NULL THEN commitment_excused(since, until, commitment_filter(d.body)) END
FROM commitment_in_force(commitment, since) AS d
CROSS JOIN commitment_pace(since, until, zone, now_at) AS p
CROSS JOIN commitment_past(commitment, since) AS w
CROSS JOIN LATERAL (
    SELECT coalesce(sum(s.numerator), 0)::bigint AS numerator, sum(s.denominator)::bigint AS denominator,
           coalesce(sum(s.pending), 0)::bigint AS pending
    FROM commitment_part(d.body ->> 'metric', since, until, commitment_filter(d.body), currency, zone, now_at) AS s) AS t
$$;
