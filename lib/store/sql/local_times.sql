-- Local times as a file writes them ($1, checked before) to instants, in the zone $2; in their order.
SELECT u.t::timestamp AT TIME ZONE $2::text
FROM unnest($1::text[]) WITH ORDINALITY AS u (t, n)
ORDER BY u.n
