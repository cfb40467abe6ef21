-- What people have to be told, each once. $1 ids, $2 kinds, $3 channels, $4 recipients, $5 modes, $6 subjects,
-- $7 contacts, $8 handoffs, $9 clocks, $10 the events' data, $11 their times; of mails the member's $12 time zone,
-- $13 and $14 the hours as minutes of a day, $15 the days (bit 0 is Monday), $16 the minute of the digest. $17 now.
INSERT INTO notification (notification_id, kind, channel, recipient, mode, subject, contact_id, handoff_id, clock_id, data,
                          event_at, created_at, state, due_at, attempts)
SELECT u.id, u.kind, u.channel, u.recipient, u.mode, u.subject, u.contact_id, u.handoff_id, u.clock_id, u.data::json,
       u.event_at, $17::timestamptz, 'pending',
       CASE WHEN u.zone IS NULL THEN $17::timestamptz
            WHEN u.mode = 'digest' THEN relais_next_local($17::timestamptz, u.zone, u.digest, u.days)
            ELSE relais_told_at($17::timestamptz, u.zone, u.opens, u.closes, u.days) END, 0
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::uuid[], $9::uuid[],
            $10::text[], $11::timestamptz[], $12::text[], $13::int[], $14::int[], $15::int[], $16::int[])
     AS u (id, kind, channel, recipient, mode, subject, contact_id, handoff_id, clock_id, data, event_at, zone, opens, closes,
           days, digest)
ON CONFLICT (notification_id) DO NOTHING
