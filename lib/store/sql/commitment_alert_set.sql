-- The commitment $1 is in danger since $3 in its period that begins at $2; null: not any more. What is known stays.
INSERT INTO commitment_alert AS a (commitment_id, period_start, in_danger_since)
VALUES ($1::uuid, $2::timestamptz, $3::timestamptz)
ON CONFLICT (commitment_id, period_start) DO UPDATE SET in_danger_since = excluded.in_danger_since
WHERE (a.in_danger_since IS NULL) <> (excluded.in_danger_since IS NULL)
