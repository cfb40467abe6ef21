-- What months cost, the newest first: those that begin from day $1 to before $2 (since 1970, null: no bound), of the
-- channel $3 and the campaign $4 (null: any), behind the month $5 and the id $6 (null: from the newest). At most $7.
SELECT s.spend_id, s.month - date '1970-01-01' AS days, to_char(s.month, 'YYYY-MM'), nullif(s.channel, ''),
       nullif(s.campaign, ''), s.amount, s.currency, s.updated_at
FROM spend s
WHERE s.month >= date '1970-01-01' + coalesce($1::int, -700000) AND s.month < date '1970-01-01' + coalesce($2::int, 2900000)
  AND ($3::text IS NULL OR s.channel = $3::text) AND ($4::text IS NULL OR s.campaign = $4::text)
  AND (s.month, s.spend_id) < (date '1970-01-01' + coalesce($5::int, 2900000),
                               coalesce($6::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY s.month DESC, s.spend_id DESC
LIMIT $7::int
