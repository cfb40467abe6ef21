-- Visits and clicks, the newest day first: from day $1 to before $2 (since 1970, null: no bound), of the channel $3 and
-- the campaign $4 (null: any), behind day $5 and id $6 (null: from the newest). At most $7.
SELECT t.traffic_id, t.day - date '1970-01-01' AS days, t.day::text, t.channel, nullif(t.campaign, ''), t.visits, t.clicks,
       t.updated_at
FROM traffic t
WHERE t.day >= date '1970-01-01' + coalesce($1::int, -700000) AND t.day < date '1970-01-01' + coalesce($2::int, 2900000)
  AND ($3::text IS NULL OR t.channel = $3::text) AND ($4::text IS NULL OR t.campaign = $4::text)
  AND (t.day, t.traffic_id) < (date '1970-01-01' + coalesce($5::int, 2900000),
                               coalesce($6::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY t.day DESC, t.traffic_id DESC
LIMIT $7::int
