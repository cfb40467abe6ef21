-- The status counts clocks of first contact twice a second while somebody looks at it: by ranges of these two alone,
-- without the rows. An ended clock does not change any more, so the second one costs nothing but its making.
CREATE INDEX sla_clock_promised ON sla_clock (due_at) INCLUDE (state) WHERE ended_at IS NULL AND kind = 'first_contact';
DROP INDEX sla_clock_ended;
CREATE INDEX sla_clock_decided ON sla_clock (ended_at) INCLUDE (state, due_at, started_at, asked_at, met_at, end_reason)
    WHERE ended_at IS NOT NULL AND kind = 'first_contact';
