-- Events of one statement are one row: a row and an entry of the index for each would cost every action that ends.
CREATE TABLE event_rows (
  xid BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
  -- The place within the transaction behind which its events have theirs: the first has the next, and so on.
  pos BIGINT NOT NULL,
  -- The number of their kind. 1: actions came to their outcomes.
  kind BIGINT NOT NULL,
  -- The instant of each event, and the action that it is about.
  ats BIGINT[] NOT NULL,
  seqs BIGINT[],
  -- Of an event of another kind, which has a row to itself: what it is about, whose it is, and what is told of it.
  namespace TEXT,
  tenant TEXT,
  subject TEXT,
  body TEXT,
  PRIMARY KEY (xid, pos)
) WITH (toast_tuple_target = 8160);
-- A row fills no more than a page, and is written in one place, uncompressed.

-- What is there keeps its places. Events that have been deleted leave gaps, at which a row ends.
INSERT INTO event_rows (xid, pos, kind, ats, seqs)
SELECT xid, MIN(pos) - 1, 1, array_agg(at ORDER BY pos), array_agg(seq ORDER BY pos) FROM (
  SELECT xid, pos, at, seq, pos - row_number() OVER (PARTITION BY xid ORDER BY pos) AS gaps FROM events WHERE kind = 1
) AS each_event GROUP BY xid, gaps;
INSERT INTO event_rows (xid, pos, kind, ats, seqs, namespace, tenant, subject, body)
SELECT xid, pos - 1, kind, ARRAY[at], ARRAY[seq], namespace, tenant, subject, body FROM events WHERE kind <> 1;

DROP TABLE events;
ALTER TABLE event_rows RENAME TO events;
ALTER INDEX event_rows_pkey RENAME TO events_pkey;
