-- The house's tables. Conventions, kept in every migration:
--   * per-contact tables have a primary key that begins with contact_id (locality now, sharding later);
--   * ids come from the application, global uniqueness only lives in directories key -> contact_id;
--   * no triggers, no deferred constraints, no defaults that read the clock: time is read once per
--     transaction with relais_now() and passed as a parameter.

-- The only clock of the database. Milliseconds, so that what is shown is exactly what is stored.
CREATE FUNCTION relais_now() RETURNS timestamptz
    LANGUAGE sql VOLATILE PARALLEL SAFE
    AS $$ SELECT date_trunc('milliseconds', clock_timestamp()) $$;

-- In the funnel's order, so that stage >= 'mql' reads as it is meant; disqualified is the side exit.
CREATE TYPE stage AS ENUM ('contact', 'prospect', 'lead', 'mql', 'sal', 'sql', 'opportunity', 'customer',
                           'disqualified');

-- Set-up: small documents, written rarely, held in memory by every instance. Each write bumps the head's
-- version inside its transaction; every batch reads it, so that an instance never decides on old set-up.
CREATE TABLE catalog_head (
    is_head boolean PRIMARY KEY DEFAULT true CHECK (is_head), -- one row
    version bigint NOT NULL
);
CREATE TABLE catalog_entry (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL,
    slug       text NOT NULL,
    body       json NOT NULL,
    version    integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (kind, slug)
);

-- The directory of addresses. An e-mail belongs to one contact; after a merge it points at the survivor.
CREATE TABLE email_identity (
    email_key  text PRIMARY KEY,
    contact_id uuid NOT NULL
);
CREATE INDEX email_identity_contact ON email_identity (contact_id);

CREATE TABLE contact (
    contact_id    uuid PRIMARY KEY, -- version 7 of created_at: the key's order is "newest"
    email         text,
    stage         stage NOT NULL,
    reached       stage NOT NULL,   -- the furthest stage ever, disqualified apart
    channel       text,             -- the first one known; never overwritten
    journey_step  text,             -- the furthest step of an offer taken
    attributes    jsonb NOT NULL,   -- name -> value
    sources       jsonb NOT NULL,   -- name -> [source, ms since 1970]: who said it and when
    consents      jsonb NOT NULL,   -- purpose -> {granted, at}: the present state of table consent
    handoff_id    uuid,             -- the latest one
    cycle         integer NOT NULL, -- handoffs so far
    nurture_until timestamptz,      -- no new handoff before, unless asked at once
    released_at   timestamptz,      -- when sales gave it back last
    merged_into   uuid,
    version       integer NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
CREATE INDEX contact_working ON contact (stage, contact_id) WHERE stage >= 'mql';
CREATE INDEX contact_members ON contact (merged_into) WHERE merged_into IS NOT NULL;

-- The hot row: what every scored input changes, narrow, and with one index on what changes.
CREATE TABLE score (
    contact_id    uuid NOT NULL,
    model         integer NOT NULL,
    at            timestamptz,               -- of the last step; null: none yet
    points        double precision[] NOT NULL, -- left of each interest rule at that step
    heat          double precision,          -- log2(sum of points) + at / half-life; constant between steps
    fit           double precision NOT NULL,
    fit_grade     text NOT NULL,
    fit_known     double precision NOT NULL,
    grade         text NOT NULL,             -- as last told by score.grade_changed
    decision      text NOT NULL,             -- as last taken
    rule_errors   integer NOT NULL,
    PRIMARY KEY (contact_id, model)
) WITH (fillfactor = 80);
CREATE INDEX score_heat ON score (model, heat DESC NULLS LAST, contact_id DESC);

-- What a contact did. A submission is its activity row, with everything it claimed in `payload`.
CREATE TABLE activity (
    contact_id   uuid NOT NULL,
    occurred_at  timestamptz NOT NULL,
    id           uuid NOT NULL,
    kind         text NOT NULL,
    form         text,
    offer        text,
    offer_kind   text, -- the offer's facts as they were when it came: a model sees these
    journey_step text,
    campaign     text,
    channel      text,
    properties   jsonb,
    payload      jsonb, -- of a submission: {attributes, consents, context, ignored}
    historical   boolean NOT NULL,
    received_at  timestamptz NOT NULL,
    PRIMARY KEY (contact_id, occurred_at, id)
);

-- The directory of ids that clients chose (or that were chosen for them): the record that makes a repeat
-- harmless. `scope` is the form's slug for submissions and '' for other activities.
CREATE TABLE activity_key (
    id          uuid NOT NULL,
    scope       text NOT NULL,
    contact_id  uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    fingerprint bytea NOT NULL, -- SHA-256 of what was sent
    PRIMARY KEY (id, scope)
);

CREATE TABLE consent (
    contact_id uuid NOT NULL,
    at         timestamptz NOT NULL,
    id         uuid NOT NULL,
    purpose    text NOT NULL,
    granted    boolean NOT NULL,
    text       text,  -- the wording agreed to
    source     text NOT NULL, -- form:SLUG or api
    activity_id uuid,
    PRIMARY KEY (contact_id, at, id)
);

-- Who, when, why of every transition.
CREATE TABLE stage_change (
    contact_id  uuid NOT NULL,
    at          timestamptz NOT NULL,
    ordinal     bigint NOT NULL,  -- order of recording: transaction time and place in it
    from_stage  stage,
    to_stage    stage NOT NULL,
    actor       text NOT NULL, -- member:ID, key:ID, form:SLUG, system
    reason      text,
    note        text,
    handoff_id  uuid,
    implied     boolean NOT NULL, -- written because a later stage proves it; no clock time of its own
    historical  boolean NOT NULL,
    PRIMARY KEY (contact_id, at, ordinal)
);

CREATE TABLE handoff (
    contact_id    uuid NOT NULL,
    handoff_id    uuid NOT NULL,
    state         text NOT NULL,
    purpose       text NOT NULL,
    cycle         integer NOT NULL,
    assignee      uuid,
    trigger       jsonb NOT NULL, -- what opened it
    snapshot      jsonb NOT NULL, -- the contact and its score at that moment
    opened_at     timestamptz NOT NULL,
    accepted_at   timestamptz,
    work_by       timestamptz,
    contacted_at  timestamptz,
    qualified_at  timestamptz,
    opportunity_at timestamptz,
    closed_at     timestamptz,
    paused_at     timestamptz,
    paused_until  timestamptz,
    pause_reason  text,
    attempts      integer NOT NULL,
    gpct          jsonb,
    deal          jsonb, -- {amount, currency, expected_close, owner}
    reason        text,
    note          text,
    nurture_until timestamptz,
    historical    boolean NOT NULL,
    version       integer NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (contact_id, handoff_id)
);
CREATE INDEX handoff_by_id ON handoff (handoff_id);
CREATE INDEX handoff_open ON handoff (handoff_id) WHERE closed_at IS NULL;
CREATE INDEX handoff_assignee ON handoff (assignee, handoff_id) WHERE assignee IS NOT NULL;
CREATE INDEX handoff_paused ON handoff (paused_until) WHERE paused_until IS NOT NULL;

CREATE TABLE attempt (
    contact_id  uuid NOT NULL,
    handoff_id  uuid NOT NULL,
    attempt_id  uuid NOT NULL,
    channel     text NOT NULL,
    outcome     text NOT NULL,
    at          timestamptz NOT NULL, -- when the rep says it was
    logged_at   timestamptz NOT NULL, -- when we were told: this is what meets a clock
    actor       text NOT NULL,
    note        text,
    offers_sent jsonb,
    PRIMARY KEY (contact_id, handoff_id, attempt_id)
);

CREATE TABLE feedback (
    contact_id      uuid NOT NULL,
    handoff_id      uuid NOT NULL,
    feedback_id     uuid NOT NULL,
    offer           text NOT NULL,
    found_useful    text NOT NULL,
    helped_the_call boolean,
    note            text,
    actor           text NOT NULL,
    at              timestamptz NOT NULL,
    PRIMARY KEY (contact_id, handoff_id, feedback_id)
);

CREATE TABLE deal (
    contact_id   uuid NOT NULL,
    deal_id      uuid NOT NULL, -- made from (e-mail, won_at) by an import, so that a repeat meets itself
    kind         text NOT NULL,
    amount       bigint,        -- minor units
    currency     text,
    won_at       timestamptz NOT NULL,
    handoff_id   uuid,
    assignee     uuid,
    qualified_by uuid,
    actor        text NOT NULL,
    historical   boolean NOT NULL,
    PRIMARY KEY (contact_id, deal_id)
);

CREATE TABLE sla_clock (
    contact_id      uuid NOT NULL,
    clock_id        uuid NOT NULL,
    handoff_id      uuid NOT NULL,
    kind            text NOT NULL,
    policy_id       uuid NOT NULL,
    policy          text NOT NULL, -- its name when the clock started
    state           text NOT NULL, -- running, paused, met, breached, cancelled, excused
    started_at      timestamptz NOT NULL,
    due_at          timestamptz NOT NULL,
    warnings        timestamptz[] NOT NULL, -- still to come, in order
    wake_at         timestamptz, -- the next warning or the deadline; null when nothing is to come
    paused_at       timestamptz,
    paused_seconds  double precision NOT NULL,
    attempts_needed integer NOT NULL,
    met_at          timestamptz,
    breached_at     timestamptz,
    ended_at        timestamptz,
    end_reason      text,
    PRIMARY KEY (contact_id, clock_id)
);
CREATE INDEX sla_clock_wake ON sla_clock (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX sla_clock_due ON sla_clock (due_at, clock_id);
CREATE INDEX sla_clock_live ON sla_clock (due_at, clock_id) WHERE ended_at IS NULL;
CREATE INDEX sla_clock_ended ON sla_clock (ended_at) WHERE ended_at IS NOT NULL;

-- The change feed: events are insert-only, a writing transaction adds one event_tx after its last lock,
-- the sequencer numbers event_tx rows after their commit. position = first_position + ordinal.
CREATE TABLE feed_head (
    feed  smallint PRIMARY KEY,
    epoch uuid NOT NULL,
    last  bigint NOT NULL
);
CREATE TABLE event_tx (
    id             bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    count          integer NOT NULL,
    first_position bigint
);
CREATE UNIQUE INDEX event_tx_position ON event_tx (first_position) WHERE first_position IS NOT NULL;
CREATE INDEX event_tx_unnumbered ON event_tx (id) WHERE first_position IS NULL;
CREATE TABLE event (
    tx         bigint NOT NULL,
    ordinal    integer NOT NULL,
    type       text NOT NULL,
    contact_id uuid,
    at         timestamptz NOT NULL,
    data       json NOT NULL,
    PRIMARY KEY (tx, ordinal)
);

-- The first answer to each Idempotency-Key, for 24 hours.
CREATE TABLE idempotency_key (
    key_id      uuid NOT NULL,
    method_path text NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL, -- SHA-256 of the body
    answer      text NOT NULL,  -- JSON: what the answer is rendered from, ids only
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (key_id, method_path, key)
);
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);

INSERT INTO catalog_head (version) VALUES (1);
INSERT INTO feed_head (feed, epoch, last) VALUES (1, gen_random_uuid(), 0);
