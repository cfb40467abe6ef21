INSERT INTO contact (contact_id, email, stage, reached, channel, journey_step, attributes, sources, consents,
                     handoff_id, cycle, nurture_until, released_at, merged_into, version, created_at, updated_at)
SELECT u.contact_id, u.email, u.stage::stage, u.reached::stage, u.channel, u.journey_step,
       u.attributes::jsonb, u.sources::jsonb, u.consents::jsonb, u.handoff_id, u.cycle, u.nurture_until,
       u.released_at, u.merged_into, u.version, u.created_at, u.updated_at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::uuid[], $11::int[], $12::timestamptz[], $13::timestamptz[], $14::uuid[],
            $15::int[], $16::timestamptz[], $17::timestamptz[])
  AS u (contact_id, email, stage, reached, channel, journey_step, attributes, sources, consents, handoff_id,
        cycle, nurture_until, released_at, merged_into, version, created_at, updated_at)
