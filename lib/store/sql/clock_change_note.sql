-- How far the change to the version $2 of $1 has come at $3: behind the contact $4 and its clock $5, whether nothing was
-- changed in this round ($6), how many clocks more were changed ($7) and got another deadline ($8), and whether that is
-- all ($9).
UPDATE clock_change c
SET progress_at = $3::timestamptz, after_contact = $4::uuid, after_clock = $5::uuid, is_idle = $6::boolean,
    changed = c.changed + $7::bigint, moved = c.moved + $8::bigint,
    finished_at = CASE WHEN $9::boolean THEN $3::timestamptz END
WHERE c.entry_id = $1::uuid AND c.version = $2::integer
