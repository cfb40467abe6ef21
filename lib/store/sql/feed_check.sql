-- Is the feed whole? Positions kept must follow one another up to the last one given out, and each numbered
-- transaction must have all its events. Reads everything: for an operator.
WITH numbered AS (
    SELECT t.id, t.count, t.first_position,
           lead(t.first_position, 1, h.last + 1) OVER (ORDER BY t.first_position) AS next_position
    FROM event_tx t CROSS JOIN feed_head h
    WHERE h.feed = 1 AND t.first_position IS NOT NULL),
stored AS (SELECT tx, count(*) AS count FROM event GROUP BY tx)
SELECT h.epoch,
       coalesce((SELECT min(first_position) FROM numbered), h.last + 1) AS first,
       h.last,
       (SELECT count(*) FROM numbered WHERE first_position + count <> next_position) AS gaps,
       (SELECT count(*) FROM numbered n LEFT JOIN stored s ON s.tx = n.id WHERE n.count IS DISTINCT FROM s.count) AS torn,
       (SELECT count(*) FROM event_tx WHERE first_position IS NULL) AS pending
FROM feed_head h WHERE h.feed = 1
