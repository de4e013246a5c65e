-- What the rows of each table of a payload were taken for: a sheet of a workbook, a table of a web page, or a text. `marked` is
-- the sum of `markers`, a JSON object: marker → rows. `likely` rows look like records and were not read; they are among
-- `titles` and `unread`.
CREATE TABLE payload_table (
  payload_id {int} NOT NULL REFERENCES payload (id),
  ordinal {int} NOT NULL,
  member TEXT,
  sheet TEXT,
  hidden {int} NOT NULL,
  left_out TEXT,
  row_count {int} NOT NULL,
  titles {int} NOT NULL,
  headers {int} NOT NULL,
  records {int} NOT NULL,
  suspects {int} NOT NULL,
  blank {int} NOT NULL,
  marked {int} NOT NULL,
  markers TEXT,
  below {int} NOT NULL,
  unread {int} NOT NULL,
  likely {int} NOT NULL,
  PRIMARY KEY (payload_id, ordinal),
  CHECK (row_count = titles + headers + records + suspects + blank + marked + below + unread)
){strict};
