-- A lease is renewed by beats that watchers count, so that no wall clock can end it.
ALTER TABLE processes RENAME COLUMN lease_until TO beats;

-- Grows with every claim, so that what a process does again does not touch what it claimed since.
ALTER TABLE jobs ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;
