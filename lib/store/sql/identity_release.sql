-- Addresses claimed by this transaction for contacts that were not made after all. $1 keys.
DELETE FROM email_identity WHERE email_key = ANY ($1::text[])
