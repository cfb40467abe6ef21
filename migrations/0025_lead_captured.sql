-- Contacts by when they first became a lead (or were more than that at once). Of contacts that were merged, the one
-- counts that was first. That is found for all of them at once, not looked up one by one, which a planner without
-- statistics does by an index that does not begin with the contact.
CREATE OR REPLACE FUNCTION lead_captured(since timestamptz, until timestamptz) RETURNS TABLE (contact_id uuid, at timestamptz)
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
    WHERE e.to_stage >= 'lead' AND e.to_stage < 'disqualified' AND (e.from_stage IS NULL OR e.from_stage < 'lead')
      AND e.reason IS DISTINCT FROM 'merge'
    ORDER BY m.survivor, e.at, m.contact_id)
SELECT s.contact_id, s.at
FROM stage_change s
LEFT JOIN (SELECT m.contact_id FROM member m JOIN first f ON f.survivor = m.survivor AND f.contact_id <> m.contact_id) AS later
    ON later.contact_id = s.contact_id
WHERE s.at >= since AND s.at < until
  AND s.to_stage >= 'lead' AND s.to_stage < 'disqualified' AND (s.from_stage IS NULL OR s.from_stage < 'lead')
  AND s.reason IS DISTINCT FROM 'merge' AND later.contact_id IS NULL
$$;
