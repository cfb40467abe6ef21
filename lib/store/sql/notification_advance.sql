-- The feed was looked through up to position $1 of the epoch $2, the offers up to $3.
UPDATE notification_cursor SET after = $1::bigint, epoch = $2::uuid, offers_until = $3::timestamptz
