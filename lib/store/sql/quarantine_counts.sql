-- How many entries of the quarantine are in each state, and how many of them for each reason. $1 form (null: all).
SELECT NULL::text, q.state, count(*)
FROM quarantine q
WHERE $1::text IS NULL OR q.form = $1::text
GROUP BY q.state
UNION ALL
SELECT r.reason, q.state, count(*)
FROM quarantine q, unnest(q.reasons) AS r (reason)
WHERE $1::text IS NULL OR q.form = $1::text
GROUP BY r.reason, q.state
