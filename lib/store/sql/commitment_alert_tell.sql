-- The danger of the commitment $1 in its period that begins at $2 is told, at $3 (now); no row: somebody else has done it.
UPDATE commitment_alert a SET told_at = $3::timestamptz
WHERE a.commitment_id = $1::uuid AND a.period_start = $2::timestamptz AND a.told_at IS NULL
  AND a.in_danger_since IS NOT NULL
RETURNING a.commitment_id
