-- Waiting rows belong to providers, whose names stay when their addresses change; what may have been sent when its process died can be told
-- from what only waited in its memory.

-- The flow that wanted this action; nothing for all others.
ALTER TABLE actions ADD COLUMN parent TEXT;

ALTER TABLE jobs
  -- The provider that it goes through.
  ADD COLUMN provider TEXT,
  -- The first instant at which it may be sent, where one was asked for.
  ADD COLUMN not_before BIGINT,
  -- Whether its owner may be sending it.
  ADD COLUMN in_flight BOOLEAN NOT NULL DEFAULT FALSE,
  -- How many parts of the message were sent, where it has several.
  ADD COLUMN part BIGINT NOT NULL DEFAULT 0,
  -- What was added to the request's text when it was last sent.
  ADD COLUMN note TEXT;

-- What a process holds may have been sent: until now nothing told the two apart.
UPDATE jobs j SET provider = COALESCE(a.through, a.provider), in_flight = j.owner <> 0 FROM actions a WHERE a.seq = j.seq;
DELETE FROM jobs WHERE provider IS NULL;

DROP INDEX jobs_due;
ALTER TABLE jobs ALTER COLUMN provider SET NOT NULL;
ALTER TABLE jobs DROP COLUMN lane;
CREATE INDEX jobs_due ON jobs (provider, due_at, seq) WHERE owner = 0;

-- Rows change a few times before they go: room beside them keeps those changes on their page, and out of the indexes.
ALTER TABLE jobs SET (fillfactor = 70);
