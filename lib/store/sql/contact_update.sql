UPDATE contact c
SET email = u.email, stage = u.stage::stage, reached = u.reached::stage, channel = u.channel,
    journey_step = u.journey_step, attributes = u.attributes::jsonb, sources = u.sources::jsonb,
    consents = u.consents::jsonb, handoff_id = u.handoff_id, cycle = u.cycle,
    nurture_until = u.nurture_until, released_at = u.released_at, merged_into = u.merged_into,
    version = u.version, updated_at = u.updated_at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::uuid[], $11::int[], $12::timestamptz[], $13::timestamptz[], $14::uuid[],
            $15::int[], $16::timestamptz[], $17::timestamptz[])
  AS u (contact_id, email, stage, reached, channel, journey_step, attributes, sources, consents, handoff_id,
        cycle, nurture_until, released_at, merged_into, version, created_at, updated_at)
WHERE c.contact_id = u.contact_id
