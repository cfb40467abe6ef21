-- The batch's share of the feed: one event_tx, drawn after the last lock, and its events.
WITH t AS (INSERT INTO event_tx (count) VALUES ($1::int) RETURNING id)
INSERT INTO event (tx, ordinal, type, contact_id, at, data)
SELECT t.id, (u.n - 1)::int, u.type, u.contact_id, u.at, u.data::json
FROM t, unnest($2::text[], $3::uuid[], $4::timestamptz[], $5::text[])
        WITH ORDINALITY AS u (type, contact_id, at, data, n)
