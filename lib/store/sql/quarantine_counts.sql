-- How many entries of the quarantine are in each state, and how many of them for each reason. $1 form (null: all).
-- Counted by their few combinations first: one look at each entry.
WITH combination AS (
    SELECT q.state, q.reasons, count(*) AS entries
    FROM quarantine q
    WHERE $1::text IS NULL OR q.form = $1::text
    GROUP BY q.state, q.reasons)
SELECT NULL::text, c.state, sum(c.entries)::bigint FROM combination c GROUP BY c.state
UNION ALL
SELECT r.reason, c.state, sum(c.entries)::bigint
FROM combination c, unnest(c.reasons) AS r (reason)
GROUP BY r.reason, c.state
