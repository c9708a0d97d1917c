-- What happened, for a day. An event of an action is a reference: the journal has what is told of it.
--
-- Transactions do not commit in the order in which they began. Each event has the number of its transaction, and is read once every transaction with
-- a lower number is over: what is read then has nothing before it that is yet to come.
CREATE TABLE events (
  xid BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
  -- The place within the transaction.
  pos BIGINT NOT NULL,
  at BIGINT NOT NULL,
  -- The number of its kind. 1: an action came to its outcome.
  kind BIGINT NOT NULL,
  -- The action that it is about; of other kinds what they are about, whose it is, and what is told of it.
  seq BIGINT,
  namespace TEXT,
  tenant TEXT,
  subject TEXT,
  body TEXT,
  PRIMARY KEY (xid, pos)
);
