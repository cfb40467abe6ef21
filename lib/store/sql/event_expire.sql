-- Forgets the oldest events of the feed: those of the $2 lowest numbered transactions that are older than $1 seconds.
-- Only those few are looked at, so a round costs nothing when nothing is old.
WITH oldest AS (
    SELECT id FROM event_tx WHERE first_position IS NOT NULL ORDER BY first_position LIMIT $2::int),
old AS (
    SELECT o.id FROM oldest o
    WHERE (SELECT max(at) FROM event WHERE tx = o.id) < relais_now() - $1::float8 * interval '1 second'),
events AS (
    DELETE FROM event WHERE tx IN (SELECT id FROM old))
DELETE FROM event_tx WHERE id IN (SELECT id FROM old)
