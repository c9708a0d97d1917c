PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
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
, fence INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO jobs VALUES(3,0,'wechat:0a1b2c',300000,4000000000000,1,1,0,0,'[]','{"Scheduled":{"action_id":"a","scheduled_for":"1970-01-01T00:05:00.000Z","attempts":1,"last_error":null}}',0);
INSERT INTO jobs VALUES(4,0,'wechat:0a1b2c',200000,4000000000000,0,0,0,0,NULL,NULL,0);
INSERT INTO jobs VALUES(5,0,'webhook:q',200000,4000000000000,0,0,0,0,NULL,NULL,0);
INSERT INTO jobs VALUES(6,1,'wechat:0a1b2c',100000,4000000000000,0,0,0,0,NULL,NULL,0);
CREATE TABLE outcomes (
  seq INTEGER PRIMARY KEY,
  state INTEGER NOT NULL,
  finished_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  takeovers INTEGER NOT NULL,
  possible_duplicate INTEGER NOT NULL,
  history TEXT,
  outcome TEXT NOT NULL
, tag TEXT NOT NULL DEFAULT '', code TEXT) STRICT;
INSERT INTO outcomes VALUES(1,1,200000,1,0,0,'[]','{"Executed":{"status":"success","body":true,"headers":{}}}','executed',NULL);
INSERT INTO outcomes VALUES(2,2,200000,1,0,0,'[]','{"Failed":{"code":"CONFIGURATION","message":"no","retryable":false,"attempts":1}}','failed','CONFIGURATION');
CREATE TABLE processes (
  owner INTEGER PRIMARY KEY AUTOINCREMENT,
  beats INTEGER NOT NULL
) STRICT;
INSERT INTO processes VALUES(1,0);
CREATE TABLE notes (
  name TEXT PRIMARY KEY,
  text TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "actions" (
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
INSERT INTO actions VALUES(1,'done','t','n',100000,'p','x','api','','anonymous','allow','r',0,NULL,NULL,'{"recipients":["1/u"],"warnings":["cut"],"repeat_safe":true}','{"id":"done","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',X'00ff07');
INSERT INTO actions VALUES(2,'dead','t','n',100000,'p','x','api','','anonymous','allow','r',0,NULL,'{"dedup":"k"}','{"recipients":["1/u"],"warnings":["cut"],"repeat_safe":true}','{"id":"dead","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',X'00ff07');
INSERT INTO actions VALUES(3,'retried','t','n',100000,'p','x','api','','anonymous','allow','r',0,NULL,'{"dedup":"key"}','{"recipients":["1/u"],"warnings":["cut"],"repeat_safe":true}','{"id":"retried","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',X'00ff07');
INSERT INTO actions VALUES(4,'waiting','t','n',100000,'p','x','api','','anonymous','allow','r',0,NULL,NULL,'{"recipients":["1/u"],"warnings":["cut"],"repeat_safe":true}','{"id":"waiting","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',X'00ff07');
INSERT INTO actions VALUES(5,'rerouted','t','n',100000,'p','x','api','','anonymous','allow','r',0,'q',NULL,NULL,'{"id":"rerouted","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',X'7b7d');
INSERT INTO actions VALUES(6,'held','t','n',100000,'p','x','api','','anonymous','allow','r',0,NULL,NULL,'{"recipients":["1/u"],"warnings":["cut"],"repeat_safe":true}','{"id":"held","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',X'00ff07');
CREATE TABLE documents (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (kind, id),
  UNIQUE (kind, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE dedup_keys (
  key TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  action_id TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO dedup_keys VALUES('key',3,'retried',4000000000000);
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  used INTEGER NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE throttles (
  key TEXT NOT NULL,
  slot INTEGER NOT NULL,
  value INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (key, slot)
) STRICT, WITHOUT ROWID;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('processes',1);
CREATE INDEX jobs_due ON jobs (lane, due_at) WHERE owner = 0;
CREATE UNIQUE INDEX actions_by_id ON actions (id, tenant, namespace) WHERE superseded = 0;
CREATE INDEX actions_by_time ON actions (accepted_at);
CREATE INDEX outcomes_dead ON outcomes (seq, code) WHERE state = 2;
COMMIT;
PRAGMA user_version = 3;
