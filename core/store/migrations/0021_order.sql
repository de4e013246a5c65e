-- Of equal versions the later landing wins, then the later row. A batch's number tells when its payload landed.
ALTER TABLE training_record ADD COLUMN row_index {int} NOT NULL DEFAULT 0;
ALTER TABLE roster_row ADD COLUMN row_index {int} NOT NULL DEFAULT 0;
-- The newest batch and row that gave the same content again, where that had to be stored.
ALTER TABLE training_record ADD COLUMN confirmed_batch {int};
ALTER TABLE training_record ADD COLUMN confirmed_row {int};
ALTER TABLE roster_row ADD COLUMN confirmed_batch {int};
ALTER TABLE roster_row ADD COLUMN confirmed_row {int};
-- The record that this one turned out to be, when record keys began to be compared by value. It counts no more.
ALTER TABLE training_record ADD COLUMN merged_into {int};
-- How many of a batch's records lost to another content of the same version: on arrival, and since.
ALTER TABLE batch ADD COLUMN tied {int} NOT NULL DEFAULT 0;
ALTER TABLE batch_loss ADD COLUMN tied {int} NOT NULL DEFAULT 0;
-- Where the content of a dead letter was received.
ALTER TABLE dead_letter ADD COLUMN batch_id {int} NOT NULL DEFAULT 0;
ALTER TABLE dead_letter ADD COLUMN record_index {int} NOT NULL DEFAULT 0;
-- The raw content of which a person said that its record belongs to somebody else from now on.
ALTER TABLE dead_letter ADD COLUMN accepted_digest {bytes};

-- Another content of the same version of a record: where it was received. It lost to the stored one or was replaced by it.
CREATE TABLE version_tie (
  record_id {int} NOT NULL,
  source_version {int} NOT NULL,
  batch_id {int} NOT NULL,
  row_index {int} NOT NULL,
  address TEXT NOT NULL,
  PRIMARY KEY (record_id, batch_id, row_index)
){without_rowid};

-- Records that a batch gave again unchanged while an earlier batch of its stream was not delivered yet. Kept until that
-- is done. `same_as` stands for all records of a batch with the same bytes, `keys` for single ones: keys of 16 bytes,
-- each followed by the row in 4 bytes.
CREATE TABLE confirmation (
  batch_id {int} PRIMARY KEY,
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  same_as {int},
  keys {bytes} NOT NULL
){strict};
CREATE INDEX confirmation_stream ON confirmation (source_id, stream);

-- Counts what late batches of a stream overwrote or parked, so that a batch at work notices it before it commits.
CREATE TABLE stream_change (
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  changes {int} NOT NULL,
  PRIMARY KEY (source_id, stream)
){strict};

-- Streams whose records still have the keys of an earlier program.
CREATE TABLE rekey_due (
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  PRIMARY KEY (source_id, stream)
){strict};
INSERT INTO rekey_due (source_id, stream) SELECT DISTINCT source_id, stream FROM training_record;

-- A decision about a record is about the person of the record then; it follows the record to nobody else.
UPDATE decision SET claim_id = (SELECT r.claim_id FROM training_record r WHERE r.id = decision.record_id)
  WHERE record_id IS NOT NULL AND claim_id IS NULL;

CREATE INDEX dead_letter_open_stream ON dead_letter (source_id, stream) WHERE state = 'open';
CREATE INDEX batch_undone ON batch (id) WHERE state <> 'done';
CREATE INDEX training_record_merged ON training_record (merged_into) WHERE merged_into IS NOT NULL;
