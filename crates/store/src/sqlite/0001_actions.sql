-- One row per action; the row is also the job. state: 0 open, 1 done, 2 dead. owner 0 is nobody. Instants are milliseconds since 1970.
CREATE TABLE actions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  tenant TEXT NOT NULL,
  namespace TEXT NOT NULL,
  state INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  lane TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  give_up_at INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL,
  finished_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  rounds INTEGER NOT NULL DEFAULT 0,
  takeovers INTEGER NOT NULL DEFAULT 0,
  possible_duplicate INTEGER NOT NULL DEFAULT 0,
  origin TEXT NOT NULL,
  action TEXT NOT NULL,
  request BLOB,
  request_facts TEXT,
  history TEXT,
  outcome TEXT
) STRICT;

CREATE UNIQUE INDEX actions_by_id ON actions (id, tenant, namespace);
CREATE INDEX actions_open ON actions (owner, lane, due_at) WHERE state = 0;
CREATE INDEX actions_dead ON actions (seq) WHERE state = 2;

CREATE TABLE processes (
  owner INTEGER PRIMARY KEY AUTOINCREMENT,
  lease_until INTEGER NOT NULL
) STRICT;

CREATE TABLE notes (
  name TEXT PRIMARY KEY,
  text TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
