-- Visits and clicks of days by channel and campaign, side by side: $1 ids, $2 days since 1970, $3 channels, $4 campaigns
-- ('': none), $5 visits, $6 clicks (-1: not known). What is there already is replaced; of twins in one batch the last one counts.
INSERT INTO traffic (traffic_id, day, channel, campaign, visits, clicks, updated_at)
SELECT DISTINCT ON (u.day, u.channel, u.campaign)
       u.id, date '1970-01-01' + u.day, u.channel, u.campaign, u.visits, nullif(u.clicks, -1), relais_now()
FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::bigint[], $6::bigint[]) WITH ORDINALITY
         AS u (id, day, channel, campaign, visits, clicks, place)
ORDER BY u.day, u.channel, u.campaign, u.place DESC
ON CONFLICT (day, channel, campaign) DO UPDATE
SET visits = excluded.visits, clicks = excluded.clicks, updated_at = excluded.updated_at
WHERE (traffic.visits, traffic.clicks) IS DISTINCT FROM (excluded.visits, excluded.clicks)
