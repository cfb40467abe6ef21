-- What a lead costs; and counting what came in long ago, without looking at every row of it.

-- A contact's first moment as a lead: what a merge wrote is the other contact's. Counted by the index alone.
DROP INDEX stage_change_capture;
CREATE INDEX stage_change_capture ON stage_change (at, contact_id)
    WHERE to_stage >= 'lead' AND to_stage < 'disqualified' AND (from_stage IS NULL OR from_stage < 'lead')
      AND reason IS DISTINCT FROM 'merge';

-- Contacts by when they first became a lead (or were more than that at once). Of contacts that were merged, the one
-- counts that was first. Those are joined, not looked up one by one: whatever the planner knows of the tables, that
-- stays one pass.
CREATE FUNCTION lead_captured(since timestamptz, until timestamptz) RETURNS TABLE (contact_id uuid, at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT s.contact_id, s.at
FROM stage_change s
LEFT JOIN (SELECT f.contact_id FROM contact f WHERE f.merged_into IS NOT NULL
           UNION
           SELECT f.merged_into FROM contact f WHERE f.merged_into IS NOT NULL) AS m ON m.contact_id = s.contact_id
WHERE s.at >= since AND s.at < until
  AND s.to_stage >= 'lead' AND s.to_stage < 'disqualified' AND (s.from_stage IS NULL OR s.from_stage < 'lead')
  AND s.reason IS DISTINCT FROM 'merge'
  AND (m.contact_id IS NULL
       OR NOT EXISTS (
           SELECT FROM contact c
           JOIN contact o ON o.contact_id = c.merged_into OR o.merged_into = coalesce(c.merged_into, c.contact_id)
           JOIN stage_change e ON e.contact_id = o.contact_id
           WHERE c.contact_id = s.contact_id AND o.contact_id <> c.contact_id
             AND e.to_stage >= 'lead' AND e.to_stage < 'disqualified' AND (e.from_stage IS NULL OR e.from_stage < 'lead')
             AND e.reason IS DISTINCT FROM 'merge' AND (e.at, e.contact_id) < (s.at, s.contact_id)))
$$;

-- Whether anything is known of what was spent in the months of a time.
CREATE FUNCTION has_spend(since timestamptz, until timestamptz, currency text, zone text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT EXISTS (SELECT FROM spend p
               WHERE p.currency = has_spend.currency
                 AND p.month >= (since AT TIME ZONE zone)::date AND p.month < (until AT TIME ZONE zone)::date)
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
--   cost_per_lead           what was spent in the months of the period, by the contact that first became a lead;
--   cost_per_customer       by the contact that became a customer; without any spending known there is no such number
--
-- Of contacts that were merged, the one counts that was first. A filter takes the handoffs that match it, and
-- the deals won by them.
CREATE OR REPLACE FUNCTION commitment_part(metric text, since timestamptz, until timestamptz, filter uuid, currency text,
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
SELECT s.contact_id, s.contact_id, s.at, NULL::uuid, (metric = 'leads_captured')::int::bigint,
       CASE WHEN metric <> 'leads_captured' THEN 1::bigint END, 0::bigint
FROM lead_captured(since, until) AS s
WHERE metric = 'leads_captured' OR (metric = 'cost_per_lead' AND has_spend(since, until, commitment_part.currency, zone))
UNION ALL
SELECT s.contact_id, s.contact_id, s.at, NULL::uuid, (w.contact_id IS NOT NULL)::int::bigint, 1::bigint, 0::bigint
FROM lead_captured(since, until) AS s
LEFT JOIN (SELECT c.contact_id FROM stage_change c WHERE c.to_stage = 'customer'
           UNION
           SELECT m.contact_id FROM contact m JOIN stage_change c ON c.contact_id = m.merged_into
           WHERE m.merged_into IS NOT NULL AND c.to_stage = 'customer') AS w ON w.contact_id = s.contact_id
WHERE metric = 'conversion_rate'
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
WHERE metric = 'cost_per_customer' AND has_spend(since, until, commitment_part.currency, zone)
  AND s.at >= since AND s.at < until AND s.to_stage = 'customer' AND s.reason IS DISTINCT FROM 'merge'
UNION ALL
SELECT p.spend_id, NULL::uuid, local_day_start(p.month, zone), NULL::uuid, p.amount, 0::bigint, 0::bigint
FROM spend p
WHERE metric IN ('cost_per_lead', 'cost_per_customer') AND p.currency = commitment_part.currency
  AND p.month >= (since AT TIME ZONE zone)::date AND p.month < (until AT TIME ZONE zone)::date
$$;
