-- Periods in which a commitment will probably not be kept: since when without a break, and when people were told.

CREATE TABLE commitment_alert (
    commitment_id   uuid NOT NULL,
    period_start    timestamptz NOT NULL,
    in_danger_since timestamptz,      -- null: it has recovered
    told_at         timestamptz,      -- null: not yet; once a period
    PRIMARY KEY (commitment_id, period_start)
);
