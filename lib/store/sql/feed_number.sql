-- Numbers what is committed and unnumbered, in id order, after $1; a statement of its own, since it must
-- see everything committed before the lock was had. $2 bounds the batch.
WITH pending AS (
    SELECT id, count FROM event_tx WHERE first_position IS NULL ORDER BY id LIMIT $2::int),
placed AS (
    SELECT id, count, $1::bigint + 1 + sum(count) OVER (ORDER BY id) - count AS first_position FROM pending),
numbered AS (
    UPDATE event_tx t SET first_position = placed.first_position FROM placed WHERE t.id = placed.id
    RETURNING t.count)
UPDATE feed_head SET last = last + (SELECT coalesce(sum(count), 0) FROM numbered)
WHERE feed = 1
RETURNING last, (SELECT count(*) FROM numbered)
