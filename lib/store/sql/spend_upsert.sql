-- What months cost by channel or campaign, side by side: $1 ids, $2 their first days since 1970, $3 channels and $4
-- campaigns ('': none), $5 currencies, $6 amounts. What is there already is replaced; of twins in one batch the last one
-- counts.
INSERT INTO spend (spend_id, month, channel, campaign, currency, amount, updated_at)
SELECT DISTINCT ON (u.month, u.channel, u.campaign, u.currency)
       u.id, date '1970-01-01' + u.month, u.channel, u.campaign, u.currency, u.amount, relais_now()
FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[]) WITH ORDINALITY
         AS u (id, month, channel, campaign, currency, amount, place)
ORDER BY u.month, u.channel, u.campaign, u.currency, u.place DESC
ON CONFLICT (month, channel, campaign, currency) DO UPDATE
SET amount = excluded.amount, updated_at = excluded.updated_at
WHERE spend.amount <> excluded.amount
