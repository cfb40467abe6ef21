-- The filters that active commitments have or had.
SELECT DISTINCT ON (f.id) f.id, f.rule
FROM catalog_entry c
JOIN commitment_definition d ON d.commitment_id = c.id
CROSS JOIN LATERAL (SELECT commitment_filter(d.body) AS id, (d.body -> 'filter')::text AS rule) AS f
WHERE c.kind = 'commitment' AND (c.body ->> 'active')::boolean AND f.id IS NOT NULL
ORDER BY f.id
