-- Submissions that are not trusted: kept, and outside the funnel until somebody releases or purges them. Their
-- ids stay in the directory of ids, so that a repeat is answered like any other.
CREATE TABLE quarantine (
    quarantine_id uuid PRIMARY KEY, -- version 7 of when it was set aside: the key's order is "newest"
    submission_id uuid NOT NULL,
    form          text NOT NULL,
    state         text NOT NULL,    -- held, released, purged
    reasons       text[] NOT NULL,
    -- What was said, only while it is held: once released it is the contact's activity, once purged it is gone.
    email         text,
    email_key     text,
    channel       text,
    consent_text  text,  -- the wording agreed to, as the form had it
    payload       jsonb, -- as of an activity: {attributes, consents, context, ignored}
    raw           bytea, -- instead of it: a body as it came, which no longer fits the form
    raw_type      text,  -- … its Content-Type
    occurred_at   timestamptz NOT NULL,
    received_at   timestamptz NOT NULL,
    settled_at    timestamptz, -- when it was released or purged, and by whom
    settled_by    text,        -- member:ID, key:ID, system
    contact_id    uuid         -- whose submission it became
);
CREATE INDEX quarantine_form ON quarantine (form, quarantine_id);
CREATE INDEX quarantine_held ON quarantine (quarantine_id) WHERE state = 'held';
CREATE INDEX quarantine_email ON quarantine (email_key) WHERE email_key IS NOT NULL; -- for erasure

-- A submission in quarantine is nobody's yet.
ALTER TABLE activity_key ALTER COLUMN contact_id DROP NOT NULL;

-- Form tokens that a submission came with: the second submission with one is not the page's.
CREATE TABLE form_token_used (
    token         uuid PRIMARY KEY,
    submission_id uuid NOT NULL,
    expires_at    timestamptz NOT NULL
);
CREATE INDEX form_token_used_expiry ON form_token_used (expires_at);

-- What came in lately on forms that watch for repeats: keyed marks of addresses and answers.
CREATE TABLE form_trace (
    mark          uuid NOT NULL,
    at            timestamptz NOT NULL,
    submission_id uuid NOT NULL,
    expires_at    timestamptz NOT NULL,
    PRIMARY KEY (mark, at, submission_id)
);
CREATE INDEX form_trace_expiry ON form_trace (expires_at);
