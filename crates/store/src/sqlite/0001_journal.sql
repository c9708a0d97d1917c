-- Instants are milliseconds since 1970. Rows of the two wide tables are written once, in order, and never change.

-- What was accepted.
CREATE TABLE actions (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  tenant TEXT NOT NULL,
  namespace TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  origin TEXT NOT NULL,
  action TEXT NOT NULL,
  request BLOB,
  request_facts TEXT
) STRICT;

CREATE UNIQUE INDEX actions_by_id ON actions (id, tenant, namespace);

-- What is to be done: a row as long as its action is open. owner 0 is nobody.
CREATE TABLE jobs (
  seq INTEGER PRIMARY KEY,
  owner INTEGER NOT NULL,
  lane TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  give_up_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  rounds INTEGER NOT NULL DEFAULT 0,
  takeovers INTEGER NOT NULL DEFAULT 0,
  possible_duplicate INTEGER NOT NULL DEFAULT 0,
  history TEXT,
  outcome TEXT
) STRICT;

CREATE INDEX jobs_due ON jobs (lane, due_at) WHERE owner = 0;

-- What became of it. state: 1 done, 2 dead.
CREATE TABLE outcomes (
  seq INTEGER PRIMARY KEY,
  state INTEGER NOT NULL,
  finished_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  takeovers INTEGER NOT NULL,
  possible_duplicate INTEGER NOT NULL,
  history TEXT,
  outcome TEXT NOT NULL
) STRICT;

CREATE INDEX outcomes_dead ON outcomes (seq) WHERE state = 2;

CREATE TABLE processes (
  owner INTEGER PRIMARY KEY AUTOINCREMENT,
  lease_until INTEGER NOT NULL
) STRICT;

CREATE TABLE notes (
  name TEXT PRIMARY KEY,
  text TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
