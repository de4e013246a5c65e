-- Which records each batch of a stream that is whole each time showed: 16 bytes of the record key each, sorted. Kept until a
-- newer whole of the stream has been judged. `whole` is the date in a file's name, as 20261031: all files with the newest one
-- are the whole. It is 0 for pages, where the batches of a run are the whole, and for files without a date.
CREATE TABLE seen_key (
  batch_id {int} NOT NULL,
  whole {int} NOT NULL,
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  keys {bytes} NOT NULL,
  PRIMARY KEY (batch_id, whole)
){strict};
CREATE INDEX seen_key_stream ON seen_key (source_id, stream, whole);

-- The newest whole of each stream that the stored records were compared with. Whoever compares locks the row.
CREATE TABLE judged_whole (
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  whole {int} NOT NULL,
  run_id {int} NOT NULL,
  PRIMARY KEY (source_id, stream)
){strict};

-- Records that are not in the newest whole of their stream. `run_id` is the run that noticed it. A record is missing as long as
-- its stored version is older than `whole`, or, where that is 0, landed before batch `batch_id`, the first of the whole.
CREATE TABLE missing_record (
  record_id {int} PRIMARY KEY,
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  run_id {int} NOT NULL,
  whole {int} NOT NULL,
  batch_id {int} NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'withdrawn', 'kept')),
  noticed_at {int} NOT NULL,
  decided_at {int},
  decided_by TEXT,
  because TEXT
){strict};
CREATE INDEX missing_record_stream ON missing_record (source_id, stream);
