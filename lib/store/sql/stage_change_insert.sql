INSERT INTO stage_change (contact_id, at, ordinal, from_stage, to_stage, actor, reason, note, handoff_id, implied,
                          historical)
SELECT u.contact_id, u.at, u.ordinal, u.from_stage::stage, u.to_stage::stage, u.actor, u.reason, u.note, u.handoff_id,
       u.implied, u.historical
FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::uuid[], $10::bool[], $11::bool[])
  AS u (contact_id, at, ordinal, from_stage, to_stage, actor, reason, note, handoff_id, implied, historical)
