-- Policies and calendars that are changed while clocks run.

-- A policy as it was at a version of its entry: what a clock was started by.
CREATE TABLE policy_version (
    policy_id uuid NOT NULL,
    version   integer NOT NULL,
    body      jsonb NOT NULL, -- as in catalog_entry
    PRIMARY KEY (policy_id, version)
);
INSERT INTO policy_version (policy_id, version, body)
SELECT id, version, body::jsonb FROM catalog_entry WHERE kind = 'policy';

-- A change that is to reach the clocks that run: written with the entry's new version, worked off in batches by the
-- contacts' order, each in a transaction of its own. Whoever is killed meanwhile, another instance goes on with it.
CREATE TABLE clock_change (
    entry_id      uuid NOT NULL,        -- a policy or a calendar
    version       integer NOT NULL,     -- … the one that clocks get
    kind          text NOT NULL,        -- policy, calendar
    actor         text NOT NULL,
    requested_at  timestamptz NOT NULL,
    progress_at   timestamptz NOT NULL, -- the last batch's
    after_contact uuid,                 -- behind which clock to go on; null: from the beginning
    after_clock   uuid,
    is_idle       boolean NOT NULL,     -- nothing was changed since the beginning of this round
    changed       bigint NOT NULL,      -- clocks that have the version now …
    moved         bigint NOT NULL,      -- … and of these, those with another deadline
    finished_at   timestamptz,
    PRIMARY KEY (entry_id, version)
);

CREATE INDEX sla_clock_open ON sla_clock (contact_id, clock_id) WHERE ended_at IS NULL;
