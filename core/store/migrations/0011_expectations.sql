-- What a pass was expected to be and was not; nothing until it has been judged, empty when it was all that was expected.
ALTER TABLE sync_run ADD COLUMN unmet TEXT;
UPDATE sync_run SET unmet = '' WHERE state <> 'running';

-- The raw fields that a stream with a contract has had, and since which run. `is_new` is 1 for one that came later than the
-- stream's first.
CREATE TABLE stream_field (
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  field TEXT NOT NULL,
  run_id {int} NOT NULL,
  is_new {int} NOT NULL,
  PRIMARY KEY (source_id, stream, field)
){strict};
