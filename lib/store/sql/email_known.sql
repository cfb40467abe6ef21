-- Whether each address ($1) belongs to a contact; in their order.
SELECT EXISTS (SELECT FROM email_identity i WHERE i.email_key = u.email_key)
FROM unnest($1::text[]) WITH ORDINALITY AS u (email_key, n)
ORDER BY u.n
