-- Replays of any size are applied in steps, each in its own transaction; some need a second person; and one that was applied can
-- be undone, by a replay of its own.
ALTER TABLE replay ADD COLUMN undoes {int};
ALTER TABLE replay ADD COLUMN undone_by {int};
-- Teachers with a higher number did not exist when it was planned.
ALTER TABLE replay ADD COLUMN teachers_known {int} NOT NULL DEFAULT 0;
-- Raw records that become a record with a certificate.
ALTER TABLE replay ADD COLUMN certificates {int} NOT NULL DEFAULT 0;
ALTER TABLE replay ADD COLUMN approval TEXT CHECK (approval IN ('records', 'certificate'));
ALTER TABLE replay ADD COLUMN approved_at {int};
ALTER TABLE replay ADD COLUMN approved_by TEXT;
ALTER TABLE replay ADD COLUMN approved_because TEXT;
-- The last batch that had landed when its first step was applied, and the earlier ones that were not delivered yet: a list in JSON.
ALTER TABLE replay ADD COLUMN batches_known {int};
ALTER TABLE replay ADD COLUMN batches_due TEXT;
-- What it reads again, and how many stored records had been read again without a change when it was planned.
ALTER TABLE replay ADD COLUMN reads TEXT NOT NULL DEFAULT 'dead_letters' CHECK (reads IN ('dead_letters', 'records'));
ALTER TABLE replay ADD COLUMN unchanged {int} NOT NULL DEFAULT 0;
UPDATE replay SET teachers_known = (SELECT coalesce(max(id), 0) FROM teacher);

CREATE TABLE replay_step (
  replay_id {int} NOT NULL REFERENCES replay (id),
  step INTEGER NOT NULL,
  first_batch {int} NOT NULL,
  last_batch {int} NOT NULL,
  applied_at {int},
  PRIMARY KEY (replay_id, step)
){strict};
INSERT INTO replay_step (replay_id, step, first_batch, last_batch, applied_at)
SELECT i.replay_id, 1, min(i.batch_id), max(i.batch_id), max(r.applied_at)
FROM replay_item i JOIN replay r ON r.id = i.replay_id GROUP BY i.replay_id;

-- The sighting that ends when the item is applied, without its letter and address; null for what earlier releases planned.
ALTER TABLE replay_item ADD COLUMN sighting_version {int};
ALTER TABLE replay_item ADD COLUMN sighting_activation {int};
-- Whether it counts as one that lost only because another batch landed later.
ALTER TABLE replay_item ADD COLUMN tied INTEGER NOT NULL DEFAULT 0;
-- Why an undo leaves it as it is.
ALTER TABLE replay_item ADD COLUMN kept TEXT;
-- The stored record that is read again, without a dead letter: `dead_letter_id` is 0 then.
ALTER TABLE replay_item ADD COLUMN record_id {int};
-- Finds what other replays have made of a record.
CREATE INDEX replay_item_key ON replay_item (record_key) WHERE record_key IS NOT NULL;
CREATE INDEX replay_item_record ON replay_item (replay_id, record_id) WHERE record_id IS NOT NULL;
CREATE INDEX replay_item_kept ON replay_item (replay_id, record_key) WHERE kept IS NOT NULL;

-- What a step does to each teacher.
CREATE TABLE replay_teacher_next (
  replay_id {int} NOT NULL REFERENCES replay (id),
  step INTEGER NOT NULL,
  person TEXT NOT NULL,
  teacher_id {int},
  name TEXT,
  units_before {int} NOT NULL,
  units_after {int} NOT NULL,
  provisional_before {int} NOT NULL,
  provisional_after {int} NOT NULL,
  entries_changed {int} NOT NULL,
  PRIMARY KEY (replay_id, step, person)
){strict};
INSERT INTO replay_teacher_next (replay_id, step, person, teacher_id, name, units_before, units_after, provisional_before, provisional_after, entries_changed)
SELECT replay_id, 1, person, teacher_id, name, units_before, units_after, provisional_before, provisional_after, entries_changed FROM replay_teacher;
DROP TABLE replay_teacher;
ALTER TABLE replay_teacher_next RENAME TO replay_teacher;
{pg}ALTER INDEX replay_teacher_next_pkey RENAME TO replay_teacher_pkey;

-- Training records as they were before a replay wrote them, to undo it. `kept`: why an undo leaves it as it is.
CREATE TABLE replay_record (
  replay_id {int} NOT NULL,
  record_id {int} NOT NULL,
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  record_key {bytes} NOT NULL,
  is_new INTEGER NOT NULL,
  kept TEXT,
  -- Of a record that counts no more, because its bytes say something else today: the outcome as which they counted.
  ended_as TEXT,
  claim_id {int},
  batch_id {int},
  source_version {int},
  hours_units {int},
  offering_id INTEGER,
  activation INTEGER,
  manifest_version INTEGER,
  row_index INTEGER,
  flagged INTEGER,
  content_digest {bytes},
  pass_state TEXT,
  raw_hours TEXT,
  period_end TEXT,
  address TEXT,
  period_start TEXT,
  school_code TEXT,
  certificate_number TEXT,
  attendance INTEGER,
  grade TEXT,
  total_numerator {int},
  total_denominator {int},
  score_learning INTEGER,
  score_activity INTEGER,
  score_artefact INTEGER,
  confirmed_batch {int},
  confirmed_row INTEGER,
  PRIMARY KEY (replay_id, record_id)
){strict};
CREATE INDEX replay_record_key ON replay_record (replay_id, record_key);
-- The rows that batches lost to a replay.
CREATE TABLE replay_loss (
  replay_id {int} NOT NULL,
  record_id {int} NOT NULL,
  batch_id {int} NOT NULL,
  tied INTEGER NOT NULL
){strict};
CREATE INDEX replay_loss_replay ON replay_loss (replay_id, record_id);
-- The other contents of a version that a replay noted.
CREATE TABLE replay_tie (
  replay_id {int} NOT NULL,
  record_id {int} NOT NULL,
  batch_id {int} NOT NULL,
  row_index {int} NOT NULL,
  PRIMARY KEY (replay_id, record_id, batch_id, row_index)
){strict};
-- What was said of a record before a replay; without a version if nothing was.
CREATE TABLE replay_notice (
  replay_id {int} NOT NULL,
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  record_key {bytes} NOT NULL,
  kind TEXT NOT NULL,
  source_version {int},
  batch_id {int},
  row_index {int},
  address TEXT,
  because TEXT,
  waits {int},
  PRIMARY KEY (replay_id, record_key, source_id, stream, kind)
){strict};

-- Without the records that count for nobody any more.
DROP VIEW assessment_readable;
CREATE VIEW assessment_readable AS
{pg}SELECT r.id AS record_id, c.teacher_id, c.name, o.assessor, o.project_code, r.score_learning::numeric / 100 AS learning,
{pg}       r.score_activity::numeric / 100 AS activity, r.score_artefact::numeric / 100 AS artefact,
{pg}       r.total_numerator::numeric / nullif(r.total_denominator, 0) / 100 AS total, r.grade
{lite}SELECT r.id AS record_id, c.teacher_id, c.name, o.assessor, o.project_code, r.score_learning / 100.0 AS learning,
{lite}       r.score_activity / 100.0 AS activity, r.score_artefact / 100.0 AS artefact,
{lite}       r.total_numerator * 1.0 / nullif(r.total_denominator, 0) / 100 AS total, r.grade
FROM training_record r
JOIN offering o ON o.id = r.offering_id
JOIN identity_claim c ON c.id = r.claim_id
WHERE r.grade IS NOT NULL AND r.merged_into IS NULL;
