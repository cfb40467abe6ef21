-- Erasures as lines, newest first. $1, $2 time and contact of the last one of the page before (null: none); $3 rows.
SELECT e.contact_id, e.erased_at, e.line
FROM erasure_line e
WHERE (e.erased_at, e.contact_id) < (coalesce($1::timestamptz, 'infinity'::timestamptz),
                                     coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
ORDER BY e.erased_at DESC, e.contact_id DESC
LIMIT $3::int
