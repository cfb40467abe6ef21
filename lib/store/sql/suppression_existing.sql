-- The fingerprint of the key that addresses of erased persons are hashed with (no row: nobody was ever erased), then
-- those of the hashes $1 that are of such addresses.
SELECT k.fingerprint, NULL::bytea AS hash FROM privacy_key k
UNION ALL
SELECT NULL, s.hash FROM suppression s WHERE s.hash = ANY ($1::bytea[])
