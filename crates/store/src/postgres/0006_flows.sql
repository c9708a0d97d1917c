-- Durable state machines, which wake at an instant or when something happens. Every change of a row raises its version. owner 0 is nobody. Names are
-- compared byte by byte, so that their order is the same in every database.
CREATE TABLE flows (
  kind TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  namespace TEXT NOT NULL,
  tenant TEXT NOT NULL,
  status TEXT NOT NULL,
  body TEXT NOT NULL,
  version BIGINT NOT NULL,
  -- When its next step is due; nothing where it waits for something else, or is over.
  due_at BIGINT,
  is_over BOOLEAN NOT NULL,
  owner BIGINT NOT NULL,
  takeovers BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  -- A random number of the latest advance, so that a commit whose answer was lost can be told from another's.
  mark BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, id)
);

-- Many may be due at one instant: with the id a claim reads only those that it takes.
CREATE INDEX flows_due ON flows (kind, due_at, id) WHERE owner = 0 AND due_at IS NOT NULL;
-- What lists show; with the status, so that counting by it reads no body. The kind stands behind the tenant: while the table is empty, an index that
-- begins with the kind looks as good for a name as the key, and such a plan would stay.
CREATE INDEX flows_listed ON flows (namespace, tenant, kind, id, status);
CREATE INDEX flows_owned ON flows (owner) WHERE owner <> 0;

-- What only waits for room has no outcome so far, and is no scheduled action.
DROP INDEX jobs_scheduled;
CREATE INDEX jobs_scheduled ON jobs (due_at, seq) WHERE owner = 0 AND attempts = 0 AND not_before = due_at AND outcome IS NOT NULL;
