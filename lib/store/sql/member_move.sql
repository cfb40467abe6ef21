-- What was merged into a duplicate before is merged into the survivor now: one hop, never a chain.
UPDATE contact c SET merged_into = u.survivor
FROM unnest($1::uuid[], $2::uuid[]) AS u (duplicate, survivor)
WHERE c.merged_into = u.duplicate
