-- When an API key was last used, to the minute. Beside the set-up: a use is no change of it.
CREATE TABLE api_key_use (
    key_id       uuid PRIMARY KEY REFERENCES catalog_entry (id) ON DELETE CASCADE,
    last_used_at timestamptz NOT NULL
);
