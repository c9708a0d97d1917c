-- At which revision a document was changed last, so that a gateway reads only what changed after the one it knows.
ALTER TABLE documents ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
CREATE INDEX documents_revision ON documents (revision);

-- What was deleted, for a while.
CREATE TABLE document_deletions (
  revision BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  id TEXT NOT NULL
);
