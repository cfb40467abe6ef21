-- The directory of addresses is compared byte by byte, whatever the database's language: an index that follows the
-- system's collation is silently wrong after an upgrade of the C library, and two contacts would share an address.
ALTER TABLE email_identity ALTER COLUMN email_key TYPE text COLLATE "C";
