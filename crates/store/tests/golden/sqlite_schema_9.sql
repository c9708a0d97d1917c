PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE outcomes (
  seq INTEGER PRIMARY KEY,
  state INTEGER NOT NULL,
  finished_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  takeovers INTEGER NOT NULL,
  possible_duplicate INTEGER NOT NULL,
  history TEXT,
  outcome TEXT NOT NULL
, tag TEXT NOT NULL DEFAULT '', code TEXT, class TEXT) STRICT;
INSERT INTO outcomes VALUES(1,1,200000,1,0,0,'[]','{"Executed":{"status":"success","body":true,"headers":{}}}','executed',NULL,NULL);
INSERT INTO outcomes VALUES(2,2,200000,1,0,0,'[]','{"Failed":{"code":"CONFIGURATION","message":"no","retryable":false,"attempts":1}}','failed','CONFIGURATION','to_repair');
INSERT INTO outcomes VALUES(9,4,200000,1,0,0,'[]','{"Failed":{"code":"EXECUTION_FAILED","message":"no","retryable":false,"attempts":1}}','failed','EXECUTION_FAILED',NULL);
INSERT INTO outcomes VALUES(10,3,200000,0,0,0,NULL,'{"QuotaExceeded":{"tenant":"t","limit":1,"used":1,"overage_behavior":"block","quota_id":"q","resets_at":"1970-01-01T01:00:00.000Z"}}','quota_exceeded',NULL,NULL);
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
INSERT INTO notes VALUES('documents:revision','3',4000000000000);
INSERT INTO notes VALUES('n','kept',4000000000000);
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
, parent TEXT) STRICT;
INSERT INTO actions VALUES(1,'done','t','n',100000,'p','x','api','','anonymous','allow','r',0,NULL,NULL,'{"recipients":["1/u"],"warnings":["cut"],"repeat_safe":true}','{"id":"done","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',X'00ff07',NULL);
INSERT INTO actions VALUES(2,'dead','t','n',100000,'p','x','api','','anonymous','allow','r',0,NULL,'{"dedup":"k"}','{"recipients":["1/u"],"warnings":["cut"],"repeat_safe":true}','{"id":"dead","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',X'00ff07',NULL);
INSERT INTO actions VALUES(3,'retried','t','n',100000,'p','x','api','','anonymous','allow','r',0,NULL,'{"counters":["c"],"dedup":"key"}','{"recipients":["1/u"],"warnings":["cut"],"repeat_safe":true}','{"id":"retried","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',X'00ff07',NULL);
INSERT INTO actions VALUES(4,'waiting','t','n',100000,'p','x','api','','anonymous','allow','r',0,NULL,NULL,'{"recipients":["1/u"],"warnings":["cut"],"repeat_safe":true}','{"id":"waiting","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',X'00ff07',NULL);
INSERT INTO actions VALUES(5,'rerouted','t','n',100000,'p','x','api','','anonymous','allow','r',0,'q',NULL,NULL,'{"id":"rerouted","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',X'7b7d',NULL);
INSERT INTO actions VALUES(6,'held','t','n',100000,'p','x','api','','anonymous','allow','r',0,NULL,NULL,'{"recipients":["1/u"],"warnings":["cut"],"repeat_safe":true}','{"id":"held","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',X'00ff07',NULL);
INSERT INTO actions VALUES(7,'kept','t','n',100000,'p','x','api','','anonymous','allow','r',0,NULL,NULL,'{"is_action":true,"priority":"high"}','{"id":"kept","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',NULL,NULL);
INSERT INTO actions VALUES(8,'scheduled','t','n',100000,'p','x','api','','anonymous','allow','r',0,NULL,NULL,'{"recipients":["1/u"],"warnings":["cut"],"repeat_safe":true}','{"id":"scheduled","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z","scheduled_at":"1970-01-01T00:10:00.000Z"}',X'00ff07',NULL);
INSERT INTO actions VALUES(9,'letter','t','n',100000,'p','x','replay','','anonymous','allow','r',0,NULL,NULL,'{"recipients":["1/u"],"warnings":["cut"],"repeat_safe":true}','{"id":"letter","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',X'00ff07','chain:waits');
INSERT INTO actions VALUES(10,'refused','t','n',100000,'p','x','api','','anonymous','allow','r',0,NULL,NULL,'{"recipients":["1/u"],"warnings":["cut"],"repeat_safe":true}','{"id":"refused","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{"b":1,"a":"中"},"created_at":"2026-01-01T00:00:00.000Z"}',X'00ff07',NULL);
CREATE TABLE documents (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  version INTEGER NOT NULL, revision INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, id),
  UNIQUE (kind, name)
) STRICT, WITHOUT ROWID;
INSERT INTO documents VALUES('silence','s','s','{}',2,3);
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
INSERT INTO counters VALUES('c',7,4000000000000);
CREATE TABLE throttles (
  key TEXT NOT NULL,
  slot INTEGER NOT NULL,
  value INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (key, slot)
) STRICT, WITHOUT ROWID;
INSERT INTO throttles VALUES('k',0,1,4000000000000);
INSERT INTO throttles VALUES('k',1,100000,4000000000000);
CREATE TABLE document_deletions (
  revision INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  id TEXT NOT NULL
) STRICT;
INSERT INTO document_deletions VALUES(2,'silence','gone');
CREATE TABLE IF NOT EXISTS "jobs" (
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
, priority INTEGER NOT NULL DEFAULT 1) STRICT;
INSERT INTO jobs VALUES(3,0,0,'p',300000,4000000000000,100000,0,1,1,0,1,0,'late','[]','{"Scheduled":{"action_id":"a","scheduled_for":"1970-01-01T00:05:00.000Z","attempts":1,"last_error":null}}',1);
INSERT INTO jobs VALUES(4,0,0,'p',200000,4000000000000,100000,0,0,0,0,0,0,NULL,NULL,NULL,1);
INSERT INTO jobs VALUES(5,0,0,'q',200000,4000000000000,100000,0,0,0,0,0,0,NULL,NULL,NULL,1);
INSERT INTO jobs VALUES(6,1,2,'p',100000,4000000000000,100000,1,0,0,0,0,0,NULL,NULL,NULL,1);
INSERT INTO jobs VALUES(7,1,2,'p',150000,4000000000000,100000,0,0,0,0,0,0,NULL,NULL,NULL,0);
INSERT INTO jobs VALUES(8,0,0,'p',600000,4000000000000,600000,0,0,0,0,0,0,NULL,NULL,'{"Scheduled":{"action_id":"scheduled","scheduled_for":"1970-01-01T00:10:00.000Z","attempts":0,"last_error":null}}',1);
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
INSERT INTO flows VALUES('chain','waits','n','t','waits',204800000,900000,0,0,0,200000,200000,'{"step":1}');
INSERT INTO flows VALUES('chain','over','n','t','done',204800003,NULL,1,0,0,200000,210000,'{}');
INSERT INTO flows VALUES('chain','held','n','t','waits',204800002,200000,0,1,1,200000,205000,'{"step":2}');
CREATE TABLE events (
  pos INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  -- The number of its kind. 1: an action came to its outcome.
  kind INTEGER NOT NULL,
  -- The action that it is about; of other kinds what they are about, whose it is, and what is told of it.
  seq INTEGER,
  namespace TEXT,
  tenant TEXT,
  subject TEXT,
  body TEXT
) STRICT;
INSERT INTO events VALUES(1,200000,1,1,NULL,NULL,NULL,NULL);
INSERT INTO events VALUES(2,200000,1,2,NULL,NULL,NULL,NULL);
INSERT INTO events VALUES(4,200001,1,9,NULL,NULL,NULL,NULL);
INSERT INTO events VALUES(5,200000,1,10,NULL,NULL,NULL,NULL);
INSERT INTO events VALUES(6,200000,9,NULL,'n','t','s','later');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('processes',1);
CREATE UNIQUE INDEX actions_by_id ON actions (id, tenant, namespace) WHERE superseded = 0;
CREATE INDEX actions_by_time ON actions (accepted_at);
CREATE INDEX outcomes_dead ON outcomes (seq, code) WHERE state = 2;
CREATE INDEX documents_revision ON documents (revision);
CREATE INDEX jobs_due ON jobs (provider, priority, due_at) WHERE owner = 0;
CREATE INDEX flows_due ON flows (kind, due_at) WHERE owner = 0 AND due_at IS NOT NULL;
CREATE INDEX flows_listed ON flows (kind, namespace, tenant, id, status);
CREATE INDEX flows_owned ON flows (owner) WHERE owner <> 0;
CREATE INDEX jobs_scheduled ON jobs (due_at, seq) WHERE owner = 0 AND attempts = 0 AND not_before = due_at AND outcome IS NOT NULL;
COMMIT;
PRAGMA user_version=9;
