INSERT INTO activity (contact_id, occurred_at, id, kind, form, offer, offer_kind, journey_step, campaign,
                      channel, properties, payload, historical, received_at)
SELECT u.contact_id, u.occurred_at, u.id, u.kind, u.form, u.offer, u.offer_kind, u.journey_step, u.campaign,
       u.channel, u.properties::jsonb, u.payload::jsonb, u.historical, u.received_at
FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bool[], $14::timestamptz[])
  AS u (contact_id, occurred_at, id, kind, form, offer, offer_kind, journey_step, campaign, channel,
        properties, payload, historical, received_at)
