-- Erasure on request. The row of an erased contact stays, so that what was counted stays counted: its `email` is
-- null, which no other contact's is, and nothing in it tells who it was.

-- Who was erased, without saying who: so that it can be done again on a backup of before.
CREATE TABLE erasure (
    contact_id  uuid PRIMARY KEY,
    erased_at   timestamptz NOT NULL,
    actor       text NOT NULL,    -- key:ID, member:ID, replay
    contact_ids uuid[] NOT NULL,  -- it and those merged into it
    hashes      bytea[] NOT NULL, -- of their addresses, see suppression
    fingerprint text NOT NULL,    -- of the key of these hashes
    counts      jsonb NOT NULL    -- what was erased
);
CREATE INDEX erasure_newest ON erasure (erased_at, contact_id);

-- Addresses of erased persons, as HMAC-SHA-256 with a key that is not in this database: nobody but their owner
-- brings them back.
CREATE TABLE suppression (
    hash      bytea PRIMARY KEY,
    erased_at timestamptz NOT NULL
);

-- Which key that is: its fingerprint, kept with the first erasure.
CREATE TABLE privacy_key (
    is_key      boolean PRIMARY KEY DEFAULT true CHECK (is_key), -- one row
    fingerprint text NOT NULL,
    used_since  timestamptz NOT NULL
);

-- A moment as the API writes it.
CREATE FUNCTION relais_text(at timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

-- A line of the list of erasures: what the API shows, and what is replayed on an older backup.
CREATE VIEW erasure_line AS
SELECT e.contact_id, e.erased_at, row_to_json(l)::text AS line
FROM erasure e
CROSS JOIN LATERAL (
    SELECT e.contact_id, relais_text(e.erased_at) AS erased_at, e.actor, e.contact_ids, e.counts AS erased,
           e.fingerprint AS key, ARRAY(SELECT encode(h, 'hex') FROM unnest(e.hashes) AS h) AS hashes) AS l;
