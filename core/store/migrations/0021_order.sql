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
-- Which of them lost by a version is not known; their payloads are read again when they come again.
UPDATE batch SET tied = superseded WHERE superseded > 0;
UPDATE batch_loss SET tied = records;
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
-- is done. `same_as` stands for all records of a batch with the same bytes, `keys` for single ones: 16 bytes of the key,
-- 16 of the content's digest, 8 of the version and 4 of the row.
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

-- Streams whose records still have the keys of an earlier program. `tried` is the manifest's activation under which some
-- payloads could not be read.
CREATE TABLE rekey_due (
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  tried {int} NOT NULL DEFAULT 0,
  PRIMARY KEY (source_id, stream)
){strict};
INSERT INTO rekey_due (source_id, stream)
  SELECT source_id, stream FROM training_record UNION SELECT source_id, stream FROM dead_letter;

-- A decision about a record is about the person of the record then; it follows the record to nobody else.
UPDATE decision SET claim_id = (SELECT r.claim_id FROM training_record r WHERE r.id = decision.record_id)
  WHERE record_id IS NOT NULL AND claim_id IS NULL;

CREATE INDEX dead_letter_open_stream ON dead_letter (source_id, stream) WHERE state = 'open';
CREATE INDEX batch_undone ON batch (id) WHERE state <> 'done';
CREATE INDEX training_record_merged ON training_record (merged_into) WHERE merged_into IS NOT NULL;

-- A record that turned out to be another one is not listed.
DROP VIEW training_record_readable;
CREATE VIEW training_record_readable AS
SELECT r.id, i.code AS institution, s.name AS source, r.stream, r.kind, c.teacher_id, c.name, r.school_code, r.project_code,
       r.course_code, r.course_title, r.canonical_course, r.role, r.mode, r.delivery_code, r.required, r.place,
{pg}       r.period_start::date AS period_start, r.period_end::date AS period_end, r.raw_hours, r.hours_unit,
{pg}       r.hours_units::numeric / 108000 AS class_hours, r.pass_state, a.grade, r.certificate_number,
{lite}       r.period_start AS period_start, r.period_end AS period_end, r.raw_hours, r.hours_unit,
{lite}       r.hours_units / 108000.0 AS class_hours, r.pass_state, a.grade, r.certificate_number,
       r.source_version, r.activation, r.batch_id, r.address
FROM training_record r
JOIN institution i ON i.id = r.institution_id
JOIN source s ON s.id = r.source_id
JOIN identity_claim c ON c.id = r.claim_id
LEFT JOIN assessment a ON a.record_id = r.id
WHERE r.merged_into IS NULL;
