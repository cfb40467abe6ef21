-- Contacts by when they became a customer. Of contacts that were merged, the one counts that was first, as of leads
-- (lead_captured).
CREATE FUNCTION customer_won(since timestamptz, until timestamptz) RETURNS TABLE (contact_id uuid, at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
WITH member AS MATERIALIZED (
    SELECT f.contact_id, f.survivor FROM contact_merged() AS f
    UNION
    SELECT f.survivor, f.survivor FROM contact_merged() AS f),
first AS MATERIALIZED (
    SELECT DISTINCT ON (m.survivor) m.survivor, m.contact_id
    FROM member m
    JOIN stage_change e ON e.contact_id = m.contact_id
    WHERE e.to_stage = 'customer' AND e.reason IS DISTINCT FROM 'merge'
    ORDER BY m.survivor, e.at, m.contact_id)
SELECT s.contact_id, s.at
FROM stage_change s
LEFT JOIN (SELECT m.contact_id FROM member m JOIN first f ON f.survivor = m.survivor AND f.contact_id <> m.contact_id) AS later
    ON later.contact_id = s.contact_id
WHERE s.at >= since AND s.at < until AND s.to_stage = 'customer' AND s.reason IS DISTINCT FROM 'merge'
  AND later.contact_id IS NULL
$$;

-- As before, but for what a customer costs.
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
FROM customer_won(since, until) AS s
WHERE metric = 'cost_per_customer' AND has_spend(since, until, commitment_part.currency, zone)
UNION ALL
SELECT p.spend_id, NULL::uuid, local_day_start(p.month, zone), NULL::uuid, p.amount, 0::bigint, 0::bigint
FROM spend p
WHERE metric IN ('cost_per_lead', 'cost_per_customer') AND p.currency = commitment_part.currency
  AND p.month >= (since AT TIME ZONE zone)::date AND p.month < (until AT TIME ZONE zone)::date
$$;
