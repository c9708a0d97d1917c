-- Waiting rows belong to providers, whose names stay when their addresses change; what may have been sent when its process died can be told
-- from what only waited in its memory.
CREATE TABLE jobs_2 (
  seq INTEGER PRIMARY KEY,
  owner INTEGER NOT NULL,
  -- Grows with every claim, so that what a process does again does not touch what it claimed since.
  fence INTEGER NOT NULL DEFAULT 0,
  -- The provider that it goes through.
  provider TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  give_up_at INTEGER NOT NULL,
  -- The first instant at which it may be sent, where one was asked for.
  not_before INTEGER,
  -- 1 while its owner may be sending it.
  in_flight INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  rounds INTEGER NOT NULL DEFAULT 0,
  takeovers INTEGER NOT NULL DEFAULT 0,
  possible_duplicate INTEGER NOT NULL DEFAULT 0,
  -- How many parts of the message were sent, where it has several.
  part INTEGER NOT NULL DEFAULT 0,
  -- What was added to the request's text when it was last sent.
  note TEXT,
  history TEXT,
  outcome TEXT
) STRICT;

-- What a process held may have been sent: until now nothing told the two apart.
INSERT INTO jobs_2 (seq, owner, fence, provider, due_at, give_up_at, in_flight, attempts, rounds, takeovers, possible_duplicate, history, outcome)
SELECT j.seq, j.owner, j.fence, COALESCE(a.through, a.provider), j.due_at, j.give_up_at, j.owner <> 0, j.attempts, j.rounds, j.takeovers,
  j.possible_duplicate, j.history, j.outcome
FROM jobs j JOIN actions a ON a.seq = j.seq;

DROP TABLE jobs;
ALTER TABLE jobs_2 RENAME TO jobs;

CREATE INDEX jobs_due ON jobs (provider, due_at) WHERE owner = 0;

-- The flow that wanted this action; nothing for all others.
ALTER TABLE actions ADD COLUMN parent TEXT;
