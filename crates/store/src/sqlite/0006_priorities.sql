-- How soon a waiting row goes: 0 high, 1 normal, 2 low.
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 1;

DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (provider, priority, due_at) WHERE owner = 0;

-- What kind of failure it was, where all of a kind are sent again together: to_repair for what people must mend first.
ALTER TABLE outcomes ADD COLUMN class TEXT;
UPDATE outcomes SET class = 'to_repair' WHERE state = 2 AND code = 'CONFIGURATION';
