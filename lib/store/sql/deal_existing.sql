-- Which imported deals are known already, by their place: of $1 addresses the deals $2, also those of merged contacts.
SELECT u.n, i.contact_id
FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS u (email_key, deal_id, n)
JOIN email_identity i ON i.email_key = u.email_key
JOIN LATERAL (SELECT i.contact_id
              UNION ALL
              SELECT c.contact_id FROM contact c WHERE c.merged_into = i.contact_id) AS m ON true
JOIN deal d ON d.contact_id = m.contact_id AND d.deal_id = u.deal_id
