-- What happened, in the order of the commits, for a day. An event of an action is a reference: the journal has what is told of it. The newest row stays,
-- so that no position is given twice.
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
