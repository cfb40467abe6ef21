-- Who changes anything about a contact holds its lock until the transaction ends: an advisory one, by this key. The row's
-- own lock would be written into the row's page: a kilobyte of log and a page to be written back for each contact that
-- somebody does something, changed or not. Two contacts with one key would only wait for each other.
CREATE FUNCTION contact_lock_key(contact_id uuid) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT uuid_hash_extended(contact_id, 28) $$;
