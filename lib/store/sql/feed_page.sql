-- Events of the feed behind position $1, at most $4 of the types $3 (null: all), looking at no more than $2
-- positions; and with every row (one without a position when there is none) the feed's bounds, of the same
-- snapshot: `last` is never behind what is shown.
--
-- Positions are dense and a transaction's stand together, so the page is a range of event_tx_position that
-- begins with the transaction which holds the first position wanted. The inner joins are LATERAL and sorted so
-- that they are walked in this order, transaction by transaction, and end with the limit.
SELECT h.epoch, h.first, h.last, p.position, p.type, p.at, p.contact_id, p.data
FROM (SELECT f.epoch, f.last,
             coalesce((SELECT min(x.first_position) FROM event_tx x), f.last + 1) AS first
      FROM feed_head f WHERE f.feed = 1) AS h
LEFT JOIN LATERAL (
    SELECT t.first_position + e.ordinal AS position, e.type, e.at, e.contact_id, e.data
    FROM (SELECT x.id, x.first_position FROM event_tx x
          WHERE x.first_position >= coalesce((SELECT max(b.first_position) FROM event_tx b
                                              WHERE b.first_position <= $1::bigint + 1), 1)
            AND x.first_position <= $1::bigint + $2::bigint
          ORDER BY x.first_position
          LIMIT $2::bigint + 1) AS t
    CROSS JOIN LATERAL (
        SELECT v.ordinal, v.type, v.at, v.contact_id, v.data FROM event v
        WHERE v.tx = t.id AND ($3::text[] IS NULL OR v.type = ANY ($3::text[]))
        ORDER BY v.ordinal) AS e
    WHERE t.first_position + e.ordinal > $1::bigint AND t.first_position + e.ordinal <= $1::bigint + $2::bigint
    ORDER BY t.first_position, e.ordinal
    LIMIT $4::int) AS p ON true
ORDER BY p.position
