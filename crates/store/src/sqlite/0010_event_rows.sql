-- Events of one commit are one row, as far as it holds them: a row for each would cost every action that ends. The row is of the last of them. Those
-- before it stand here in their order, each of sixteen bytes, its instant and its action, and have the positions before the row's.
ALTER TABLE events ADD COLUMN before BLOB;
