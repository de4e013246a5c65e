-- A correction puts a value in the place of one that was received: in the raw record of a dead letter, wherever the same bytes
-- come again in the stream. The payload stays as it is. Values are sealed, since they may be ID numbers.
CREATE TABLE correction (
  id {id},
  correction_key {bytes} NOT NULL UNIQUE,
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  raw_digest {bytes} NOT NULL,
  dead_letter_key {bytes} NOT NULL,
  dead_letter_id {int} NOT NULL,
  field TEXT NOT NULL,
  sealed {bytes} NOT NULL,
  actor TEXT NOT NULL,
  because TEXT NOT NULL,
  made_at {int} NOT NULL,
  withdrawn_at {int}
){strict};
CREATE INDEX correction_raw ON correction (raw_digest, source_id, stream) WHERE withdrawn_at IS NULL;
CREATE INDEX correction_letter ON correction (dead_letter_id);
