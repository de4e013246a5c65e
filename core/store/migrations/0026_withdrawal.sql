-- What a source has said of a record besides its versions: that it takes the record back, or a row about it that a rule of the
-- manifest leaves out. The newest of each kind is kept. A notice counts while it is newer than the stored version. `waits` is
-- 1 for a row left out of which no record is known yet, kept only until the batches that landed earlier are delivered.
CREATE TABLE record_notice (
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  record_key {bytes} NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('withdrawn', 'skipped')),
  source_version {int} NOT NULL,
  batch_id {int} NOT NULL,
  row_index {int} NOT NULL,
  address TEXT NOT NULL,
  because TEXT NOT NULL,
  waits {int} NOT NULL,
  PRIMARY KEY (record_key, source_id, stream, kind)
){strict};
CREATE INDEX record_notice_stream ON record_notice (source_id, stream);
CREATE INDEX record_notice_batch ON record_notice (batch_id);
CREATE INDEX record_notice_waits ON record_notice (batch_id) WHERE waits = 1;

-- Raw records that take a record back are a counter of their own.
ALTER TABLE batch ADD COLUMN withdrawn {int} NOT NULL DEFAULT 0;
{pg}ALTER TABLE batch DROP CONSTRAINT batch_counters;
{pg}ALTER TABLE batch ADD CONSTRAINT batch_counters CHECK (
{pg}  least(inserted, updated, unchanged, superseded, skipped, withdrawn, parked, discarded, held, elsewhere) >= 0
{pg}  AND (state <> 'done'
{pg}    OR inserted + updated + unchanged + superseded + skipped + withdrawn + parked + discarded = record_count)) NOT VALID;
{pg}ALTER TABLE batch VALIDATE CONSTRAINT batch_counters;
{lite}DROP TRIGGER batch_counters_inserted;
{lite}DROP TRIGGER batch_counters_updated;
{lite}CREATE TRIGGER batch_counters_inserted BEFORE INSERT ON batch
{lite}WHEN min(NEW.inserted, NEW.updated, NEW.unchanged, NEW.superseded, NEW.skipped, NEW.withdrawn, NEW.parked, NEW.discarded,
{lite}         NEW.held, NEW.elsewhere) < 0
{lite}  OR (NEW.state = 'done' AND NEW.inserted + NEW.updated + NEW.unchanged + NEW.superseded + NEW.skipped + NEW.withdrawn
{lite}      + NEW.parked + NEW.discarded <> NEW.record_count)
{lite}BEGIN SELECT RAISE(ABORT, 'batch_counters: a counter is below 0, or the counters do not add up to the records'); END;
{lite}CREATE TRIGGER batch_counters_updated BEFORE UPDATE OF record_count, state, inserted, updated, unchanged, superseded, skipped,
{lite}  withdrawn, parked, discarded, held, elsewhere ON batch
{lite}WHEN min(NEW.inserted, NEW.updated, NEW.unchanged, NEW.superseded, NEW.skipped, NEW.withdrawn, NEW.parked, NEW.discarded,
{lite}         NEW.held, NEW.elsewhere) < 0
{lite}  OR (NEW.state = 'done' AND NEW.inserted + NEW.updated + NEW.unchanged + NEW.superseded + NEW.skipped + NEW.withdrawn
{lite}      + NEW.parked + NEW.discarded <> NEW.record_count)
{lite}BEGIN SELECT RAISE(ABORT, 'batch_counters: a counter is below 0, or the counters do not add up to the records'); END;

-- A replayed raw record can take a record back, too.
{pg}ALTER TABLE replay_item DROP CONSTRAINT replay_item_outcome_check;
{pg}ALTER TABLE replay_item ADD CONSTRAINT replay_item_outcome_check
{pg}  CHECK (outcome IN ('inserted', 'updated', 'unchanged', 'superseded', 'skipped', 'withdrawn', 'parked'));
{lite}CREATE TABLE replay_item_next (
{lite}  replay_id INTEGER NOT NULL REFERENCES replay (id),
{lite}  batch_id INTEGER NOT NULL,
{lite}  record_index INTEGER NOT NULL,
{lite}  dead_letter_id INTEGER NOT NULL,
{lite}  address TEXT NOT NULL,
{lite}  outcome TEXT NOT NULL CHECK (outcome IN ('inserted', 'updated', 'unchanged', 'superseded', 'skipped', 'withdrawn', 'parked')),
{lite}  record_key BLOB,
{lite}  detail TEXT NOT NULL,
{lite}  PRIMARY KEY (replay_id, batch_id, record_index)
{lite}) STRICT;
{lite}INSERT INTO replay_item_next SELECT replay_id, batch_id, record_index, dead_letter_id, address, outcome, record_key, detail
{lite}  FROM replay_item;
{lite}DROP TABLE replay_item;
{lite}ALTER TABLE replay_item_next RENAME TO replay_item;

-- Marks of the teachers with a record that a batch's dead letters and notices are about, or a single dead letter.
{pg}ALTER TABLE group_mark DROP CONSTRAINT group_mark_kind_check;
{pg}ALTER TABLE group_mark ADD CONSTRAINT group_mark_kind_check CHECK (kind IN ('course', 'days', 'names', 'batch', 'letter'));
{pg}ALTER TABLE group_mark ADD COLUMN number BIGINT;
{lite}CREATE TABLE group_mark_next (
{lite}  id INTEGER PRIMARY KEY,
{lite}  kind TEXT NOT NULL CHECK (kind IN ('course', 'days', 'names', 'batch', 'letter')),
{lite}  connector TEXT,
{lite}  course_code TEXT,
{lite}  first_day TEXT,
{lite}  last_day TEXT,
{lite}  number INTEGER
{lite}) STRICT;
{lite}INSERT INTO group_mark_next (id, kind, connector, course_code, first_day, last_day)
{lite}  SELECT id, kind, connector, course_code, first_day, last_day FROM group_mark;
{lite}DROP TABLE group_mark;
{lite}ALTER TABLE group_mark_next RENAME TO group_mark;

-- A record with an open dead letter is disputed from now on.
INSERT INTO group_mark (kind, number) SELECT 'letter', id FROM dead_letter WHERE state = 'open';
