-- What waits for an instant before its first attempt, by that instant: for the list of scheduled actions.
CREATE INDEX jobs_scheduled ON jobs (due_at, seq) WHERE owner = 0 AND attempts = 0 AND not_before = due_at;
