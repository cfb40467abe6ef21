-- When the person asked, for clocks that started later because the form post had to wait for the database: response
-- times count from then. Null: when the clock started.
ALTER TABLE sla_clock ADD COLUMN asked_at timestamptz;
