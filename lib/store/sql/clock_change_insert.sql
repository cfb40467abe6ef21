-- The version $2 of the policy or calendar $1 (kind $3), made by $4 at $5, is to reach the clocks that run.
WITH old AS (DELETE FROM clock_change c WHERE c.finished_at < $5::timestamptz - interval '24 hours')
INSERT INTO clock_change (entry_id, version, kind, actor, requested_at, progress_at, is_idle, changed, moved)
VALUES ($1::uuid, $2::integer, $3::text, $4::text, $5::timestamptz, $5::timestamptz, true, 0, 0)
