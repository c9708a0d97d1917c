-- Who asked, what was decided and why; what operators write; what the gate counts.

-- What lists are filtered by comes before the wide texts, so that a look at many rows need not read those.
CREATE TABLE actions_2 (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  tenant TEXT NOT NULL,
  namespace TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  provider TEXT NOT NULL,
  action_type TEXT NOT NULL,
  origin TEXT NOT NULL,
  caller TEXT NOT NULL,
  auth_method TEXT NOT NULL,
  verdict TEXT NOT NULL,
  rule TEXT,
  -- 1 once the same request, refused for now, was decided anew.
  superseded INTEGER NOT NULL DEFAULT 0,
  -- The provider that it goes through, where that is not the one asked for.
  through TEXT,
  -- What the gate took for it, as JSON.
  charges TEXT,
  request_facts TEXT,
  action TEXT NOT NULL,
  request BLOB
) STRICT;

INSERT INTO actions_2 (seq, id, tenant, namespace, accepted_at, provider, action_type, origin, caller, auth_method, verdict, request_facts, action, request)
SELECT seq, id, tenant, namespace, accepted_at, json_extract(action, '$.provider'), json_extract(action, '$.action_type'), origin, '', 'anonymous',
  'allow', request_facts, action, request
FROM actions;

DROP TABLE actions;
ALTER TABLE actions_2 RENAME TO actions;

CREATE UNIQUE INDEX actions_by_id ON actions (id, tenant, namespace) WHERE superseded = 0;
CREATE INDEX actions_by_time ON actions (accepted_at);

-- state: 1 done, 2 dead, 3 refused for now, 4 a dead letter that was dealt with.
ALTER TABLE outcomes ADD COLUMN tag TEXT NOT NULL DEFAULT '';
ALTER TABLE outcomes ADD COLUMN code TEXT;
UPDATE outcomes SET
  tag = CASE WHEN outcome LIKE '{"Executed"%' THEN 'executed' ELSE 'failed' END,
  code = json_extract(outcome, '$.Failed.code');

-- With what a list of dead letters is filtered by, so that it need not read the rows.
DROP INDEX outcomes_dead;
CREATE INDEX outcomes_dead ON outcomes (seq, code) WHERE state = 2;

CREATE TABLE documents (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (kind, id),
  UNIQUE (kind, name)
) STRICT, WITHOUT ROWID;

-- Who holds a dedup key.
CREATE TABLE dedup_keys (
  key TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  action_id TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a quota's window was charged.
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  used INTEGER NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The latest actions of a throttle, as a ring: slot 0 holds how many went in all, slot 1 + n the instant at which the nth went.
CREATE TABLE throttles (
  key TEXT NOT NULL,
  slot INTEGER NOT NULL,
  value INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (key, slot)
) STRICT, WITHOUT ROWID;
