-- What becomes of a handoff beside its moves (who has it, when it rests, whom a late promise was told to), and what a
-- clock promised at first.

CREATE TABLE handoff_history (
    contact_id uuid NOT NULL,
    handoff_id uuid NOT NULL,
    entry_id   uuid NOT NULL,        -- version 7: the order of happening
    kind       text NOT NULL,        -- assigned, paused, escalated, waiting
    at         timestamptz NOT NULL,
    actor      text NOT NULL,
    reason     text,                 -- of a pause as a person wrote it; else a word of ours
    member     uuid,                 -- assigned, escalated: who has it, or was told
    previous   uuid,                 -- assigned: who had it before
    until      timestamptz,          -- of a pause: when it was to end
    ended_at   timestamptz,          -- … when it did; null: it goes on
    ended_by   text,
    clock_id   uuid,                 -- escalated: which promise
    detail     jsonb,                -- escalated: who else was told, why this member
    PRIMARY KEY (contact_id, handoff_id, entry_id)
);
-- How much each member was given lately.
CREATE INDEX handoff_history_assigned ON handoff_history (member, at) WHERE kind = 'assigned';
-- How much each has, and what is whose when somebody goes away.
CREATE INDEX handoff_open_assignee ON handoff (assignee, handoff_id) WHERE closed_at IS NULL AND assignee IS NOT NULL;

-- Since when it is somebody's: of earlier handoffs only acceptance is known.
ALTER TABLE handoff ADD COLUMN assigned_at timestamptz;
UPDATE handoff SET assigned_at = accepted_at WHERE assignee IS NOT NULL;
-- When what opened it was received, for how fast it went: stays when the person is erased.
ALTER TABLE handoff ADD COLUMN submitted_at timestamptz;
UPDATE handoff h SET submitted_at = a.received_at
FROM activity a WHERE a.contact_id = h.contact_id AND a.id = (h.trigger ->> 'activity_id')::uuid AND NOT h.historical;

-- Pauses that are on: who began them was not kept.
INSERT INTO handoff_history (contact_id, handoff_id, entry_id, kind, at, actor, reason, until)
SELECT contact_id, handoff_id, gen_random_uuid(), 'paused', paused_at, 'system', pause_reason, paused_until
FROM handoff WHERE paused_at IS NOT NULL;

ALTER TABLE sla_clock
    ADD COLUMN original_due_at timestamptz, -- the first deadline, before pauses and changes of the policy
    ADD COLUMN evidence_at timestamptz,     -- when what met it happened, as the rep says; met_at is when we were told
    ADD COLUMN step_at timestamptz[],       -- steps of escalation still to come, in order
    ADD COLUMN steps text[];                -- … and what each is
UPDATE sla_clock SET original_due_at = due_at - make_interval(secs => paused_seconds), evidence_at = met_at;
CREATE INDEX sla_clock_by_id ON sla_clock (clock_id);
