-- Durable state machines. owner 0 is nobody; every change raises the version.
CREATE TABLE flows (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  namespace TEXT NOT NULL,
  tenant TEXT NOT NULL,
  status TEXT NOT NULL,
  version INTEGER NOT NULL,
  due_at INTEGER,
  is_over INTEGER NOT NULL,
  owner INTEGER NOT NULL DEFAULT 0,
  takeovers INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT;

-- What is to be done.
CREATE INDEX flows_due ON flows (kind, due_at) WHERE owner = 0 AND due_at IS NOT NULL;
-- What lists show; with the status, so that counting by it reads no body.
CREATE INDEX flows_listed ON flows (kind, namespace, tenant, id, status);
-- What a process holds: the writer frees it, and must not walk through all that waits.
CREATE INDEX flows_owned ON flows (owner) WHERE owner <> 0;

-- What only waits for room has no outcome so far, and is not scheduled.
DROP INDEX jobs_scheduled;
CREATE INDEX jobs_scheduled ON jobs (due_at, seq) WHERE owner = 0 AND attempts = 0 AND not_before = due_at AND outcome IS NOT NULL;
