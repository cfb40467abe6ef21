-- Whose turn it is to look through the feed for what people have to be told; no row: another instance is at it.
SELECT c.after, c.epoch = h.epoch AND c.after <= h.last AS is_valid, h.last, h.epoch, c.offers_until, relais_now(), g.version
FROM notification_cursor c CROSS JOIN feed_head h CROSS JOIN catalog_head g
WHERE h.feed = 1
FOR UPDATE OF c SKIP LOCKED
