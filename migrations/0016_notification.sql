-- People are told: what concerns whom, worked out from the change feed, kept until it is sent. Ids only: who is
-- meant and what is said about a contact is read when it goes out.

CREATE TABLE notification (
    notification_id uuid PRIMARY KEY, -- made from what happened and who is told, so that nobody is told twice
    kind            text NOT NULL,
    channel         text NOT NULL,    -- mail, chat
    recipient       text NOT NULL,    -- of a mail the member's id, of a chat the team
    mode            text NOT NULL,    -- at_once, digest
    subject         text,             -- an offer's slug, a commitment's id
    contact_id      uuid,
    handoff_id      uuid,
    clock_id        uuid,
    data            json NOT NULL,    -- the event's
    event_at        timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    state           text NOT NULL,    -- pending, sent, skipped, failed
    due_at          timestamptz NOT NULL, -- when it is tried next; while somebody sends it: until when it is theirs
    attempts        integer NOT NULL,
    message_id      uuid,             -- of the mail it went with; the same on every attempt
    settled_at      timestamptz,
    reason          text,             -- why it was skipped
    error           text              -- of the last attempt
);
CREATE INDEX notification_pending ON notification (channel, due_at, notification_id) WHERE state = 'pending';
CREATE INDEX notification_newest ON notification (created_at, notification_id);
CREATE INDEX notification_state ON notification (state, created_at, notification_id);

-- How far the feed and the offers were looked through. Nobody is told of what was before this table.
CREATE TABLE notification_cursor (
    is_cursor    boolean PRIMARY KEY DEFAULT true CHECK (is_cursor), -- one row
    epoch        uuid NOT NULL,
    after        bigint NOT NULL,
    offers_until timestamptz NOT NULL
);
INSERT INTO notification_cursor (epoch, after, offers_until)
SELECT h.epoch, h.last, relais_now() FROM feed_head h WHERE h.feed = 1;

-- The first moment behind `behind` that is so many minutes past local midnight on one of the days (bit 0 is Monday).
CREATE FUNCTION relais_next_local(behind timestamptz, zone text, minutes integer, days integer) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT min(m.at)
    FROM (SELECT (d.day::timestamp + minutes * interval '1 minute') AT TIME ZONE zone AS at
          FROM (SELECT (behind AT TIME ZONE zone)::date + n AS day FROM generate_series(0, 8) AS n) AS d
          WHERE days >> (extract(isodow FROM d.day)::integer - 1) & 1 = 1) AS m
    WHERE m.at > behind
    $$;

-- When somebody with these hours may be told: at once when it is within them, else when they open next.
CREATE FUNCTION relais_told_at(at timestamptz, zone text, opens integer, closes integer, days integer)
    RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN days >> (extract(isodow FROM l.at)::integer - 1) & 1 = 1
                     AND l.at::time >= time '00:00' + opens * interval '1 minute'
                     AND (closes = 1440 OR l.at::time < time '00:00' + closes * interval '1 minute')
                THEN relais_told_at.at
                ELSE relais_next_local(relais_told_at.at, zone, opens, days) END
    FROM (SELECT relais_told_at.at AT TIME ZONE zone AS at) AS l
    $$;
