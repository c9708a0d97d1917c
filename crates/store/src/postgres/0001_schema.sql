-- Instants are milliseconds since 1970. Positions are made by the gateways and grow with time: no sequence is asked on the hot path.

-- What was accepted. A row changes only when the same request, refused for now, is decided anew.
CREATE TABLE actions (
  seq BIGINT PRIMARY KEY,
  id TEXT NOT NULL,
  tenant TEXT NOT NULL,
  namespace TEXT NOT NULL,
  accepted_at BIGINT NOT NULL,
  provider TEXT NOT NULL,
  action_type TEXT NOT NULL,
  origin TEXT NOT NULL,
  caller TEXT NOT NULL,
  auth_method TEXT NOT NULL,
  verdict TEXT NOT NULL,
  rule TEXT,
  superseded BOOLEAN NOT NULL DEFAULT FALSE,
  -- The provider that it goes through, where that is not the one asked for.
  through TEXT,
  -- What the gate took for it, as JSON.
  charges TEXT,
  request_facts TEXT,
  action TEXT NOT NULL,
  request BYTEA
);

CREATE UNIQUE INDEX actions_by_id ON actions (id, tenant, namespace) WHERE NOT superseded;
CREATE INDEX actions_by_time ON actions (accepted_at, seq);

-- What is to be done: a row as long as its action is open. owner 0 is nobody.
CREATE TABLE jobs (
  seq BIGINT PRIMARY KEY,
  owner BIGINT NOT NULL,
  -- The number of the claim that it is of: what was claimed without an answer can be given back, and what a process does again does not
  -- touch what it claimed since.
  fence BIGINT NOT NULL DEFAULT 0,
  lane TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  give_up_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0,
  rounds BIGINT NOT NULL DEFAULT 0,
  takeovers BIGINT NOT NULL DEFAULT 0,
  possible_duplicate BOOLEAN NOT NULL DEFAULT FALSE,
  history TEXT,
  outcome TEXT
);

CREATE INDEX jobs_due ON jobs (lane, due_at) WHERE owner = 0;
CREATE INDEX jobs_owned ON jobs (owner) WHERE owner <> 0;

-- What became of it. state: 1 done, 2 dead, 3 refused for now, 4 a dead letter that was dealt with.
CREATE TABLE outcomes (
  seq BIGINT PRIMARY KEY,
  state BIGINT NOT NULL,
  finished_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  takeovers BIGINT NOT NULL,
  possible_duplicate BOOLEAN NOT NULL,
  history TEXT,
  outcome TEXT NOT NULL,
  tag TEXT NOT NULL,
  code TEXT,
  -- Who wrote it, so that a commit whose answer was lost can be told from another's.
  settled_by BIGINT NOT NULL
);

CREATE INDEX outcomes_dead ON outcomes (seq, code) WHERE state = 2;

CREATE TABLE processes (
  owner BIGINT PRIMARY KEY,
  beats BIGINT NOT NULL
);

CREATE TABLE notes (
  name TEXT PRIMARY KEY,
  text TEXT NOT NULL,
  until BIGINT NOT NULL
);

-- What operators write. A change raises the revision.
CREATE TABLE documents (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (kind, id),
  UNIQUE (kind, name)
);

CREATE TABLE revisions (
  name TEXT PRIMARY KEY,
  revision BIGINT NOT NULL
);

INSERT INTO revisions VALUES ('documents', 0);

-- Who holds a dedup key.
CREATE TABLE dedup_keys (
  key TEXT PRIMARY KEY,
  seq BIGINT NOT NULL,
  action_id TEXT NOT NULL,
  until BIGINT NOT NULL
);

-- What a quota's window was charged.
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  used BIGINT NOT NULL,
  until BIGINT NOT NULL
);

-- The latest actions of a throttle, as a ring: slot 0 holds how many went in all, slot 1 + n the instant at which the nth went.
CREATE TABLE throttles (
  key TEXT NOT NULL,
  slot BIGINT NOT NULL,
  value BIGINT NOT NULL,
  until BIGINT NOT NULL,
  PRIMARY KEY (key, slot)
);
