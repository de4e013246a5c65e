-- The files of each source's streams, by name: those of a folder, a bucket or a list to download. `size`, `modified_at` and
-- `tag` (what else tells that a file has changed, such as an object's ETag) are as the place showed them last. `digest` is the
-- payload's, once the file has been read well. `run_id` is the run that brought the file into its state. `gone_at` is set while
-- the place does not show the file. Files that belong to no stream have an empty one.
CREATE TABLE source_file (
  id {id},
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  name TEXT NOT NULL,
  size {int},
  modified_at {int},
  tag TEXT NOT NULL,
  digest {bytes},
  state TEXT NOT NULL CHECK (state IN ('due', 'read', 'copy', 'passed', 'growing', 'failed', 'left_out')),
  reason TEXT,
  run_id {int} NOT NULL,
  payload_id {int},
  first_seen_at {int} NOT NULL,
  gone_at {int}
){strict};
CREATE UNIQUE INDEX source_file_name ON source_file (source_id, stream, name);
CREATE INDEX source_file_waiting ON source_file (run_id) WHERE state IN ('due', 'growing', 'failed');
CREATE INDEX source_file_payload ON source_file (payload_id) WHERE payload_id IS NOT NULL;

-- Streams whose files are in `source_file`. Without a row, the cursor of an earlier release or of a person says which files
-- were read.
CREATE TABLE listed_stream (
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  run_id {int} NOT NULL,
  listed_at {int} NOT NULL,
  PRIMARY KEY (source_id, stream)
){strict};

-- When a person set the cursor; nothing if a reader did.
ALTER TABLE stream_cursor ADD COLUMN set_at {int};

-- Payloads that could not be decoded, and how that ended. `file` is the name of the file in `source_file`, if it was one;
-- `read_as` the payload that was read well in its place, which may be itself.
CREATE TABLE unread_payload (
  payload_id {int} PRIMARY KEY,
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  file TEXT,
  state TEXT NOT NULL CHECK (state IN ('open', 'read', 'dismissed')),
  read_as {int},
  ended_at {int},
  ended_by TEXT,
  because TEXT
){strict};
CREATE INDEX unread_payload_open ON unread_payload (source_id, stream) WHERE state = 'open';

-- Those of earlier releases are open, unless a newer payload of the same name could be read since. Their name stands for their
-- file.
INSERT INTO unread_payload (payload_id, source_id, stream, file, state, read_as, ended_at)
SELECT u.id, u.source_id, u.stream, u.address, CASE WHEN u.read_as IS NULL THEN 'open' ELSE 'read' END, u.read_as,
       (SELECT landed_at FROM payload WHERE id = u.read_as)
FROM (SELECT p.id AS id, p.source_id AS source_id, p.stream AS stream, p.address AS address,
             (SELECT min(q.id) FROM payload q WHERE q.source_id = p.source_id AND q.stream = p.stream AND q.id > p.id
                AND q.state = 'landed' AND q.address = p.address) AS read_as
      FROM payload p WHERE p.state = 'undecodable') u;
