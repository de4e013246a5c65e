-- Rows and columns of a table that a spreadsheet hides, and that are read all the same.
ALTER TABLE payload_table ADD COLUMN hidden_rows {int} NOT NULL DEFAULT 0;
ALTER TABLE payload_table ADD COLUMN hidden_columns {int} NOT NULL DEFAULT 0;
