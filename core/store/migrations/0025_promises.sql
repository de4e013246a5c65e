-- The database itself keeps promises that only the program kept before. Before this file runs, the program looks for rows
-- that break one, and tells which (`sql/promises.rs`).

-- The counters of a batch: none below 0, and those of a finished one add up to its records. SQLite cannot add a CHECK to a
-- table. Triggers do the same and, unlike a copy of the table, depend on no column that an earlier file may have added; a
-- later file that copies the table has to make them again. PostgreSQL adds the CHECK first and then looks at the rows.
{pg}ALTER TABLE batch ADD CONSTRAINT batch_counters CHECK (
{pg}  least(inserted, updated, unchanged, superseded, skipped, parked, discarded, held, elsewhere) >= 0
{pg}  AND (state <> 'done' OR inserted + updated + unchanged + superseded + skipped + parked + discarded = record_count)) NOT VALID;
{pg}ALTER TABLE batch VALIDATE CONSTRAINT batch_counters;
{lite}CREATE TRIGGER batch_counters_inserted BEFORE INSERT ON batch
{lite}WHEN min(NEW.inserted, NEW.updated, NEW.unchanged, NEW.superseded, NEW.skipped, NEW.parked, NEW.discarded, NEW.held,
{lite}         NEW.elsewhere) < 0
{lite}  OR (NEW.state = 'done' AND NEW.inserted + NEW.updated + NEW.unchanged + NEW.superseded + NEW.skipped + NEW.parked
{lite}      + NEW.discarded <> NEW.record_count)
{lite}BEGIN SELECT RAISE(ABORT, 'batch_counters: a counter is below 0, or the counters do not add up to the records'); END;
{lite}CREATE TRIGGER batch_counters_updated BEFORE UPDATE OF record_count, state, inserted, updated, unchanged, superseded, skipped,
{lite}  parked, discarded, held, elsewhere ON batch
{lite}WHEN min(NEW.inserted, NEW.updated, NEW.unchanged, NEW.superseded, NEW.skipped, NEW.parked, NEW.discarded, NEW.held,
{lite}         NEW.elsewhere) < 0
{lite}  OR (NEW.state = 'done' AND NEW.inserted + NEW.updated + NEW.unchanged + NEW.superseded + NEW.skipped + NEW.parked
{lite}      + NEW.discarded <> NEW.record_count)
{lite}BEGIN SELECT RAISE(ABORT, 'batch_counters: a counter is below 0, or the counters do not add up to the records'); END;

-- No two batches for the same records of a payload.
DROP INDEX batch_payload;
CREATE UNIQUE INDEX batch_payload ON batch (payload_id, first_record);

-- A teacher has at most one current entry for a record.
DROP INDEX credit_entry_current;
CREATE UNIQUE INDEX credit_entry_current ON credit_entry (teacher_id, record_id) WHERE superseded_at IS NULL;

-- Where workers are with verifying the ledger, by blocks of 1,024 teachers. Who verifies a block holds it until
-- `claimed_until`.
CREATE TABLE verify_block (
  block {int} PRIMARY KEY,
  known_at {int} NOT NULL,
  verified_at {int},
  claimed_until {int} NOT NULL DEFAULT 0
){strict};

-- How many teachers workers have verified in all, when the round began that is under way, and when the last one ended.
CREATE TABLE verify_round (
  id {int} PRIMARY KEY CHECK (id = 1),
  teachers {int} NOT NULL,
  started_at {int},
  ended_at {int}
){strict};
INSERT INTO verify_round (id, teachers) VALUES (1, 0);

-- Fields of current entries that were not what the rules give when a worker looked last.
CREATE TABLE verify_difference (
  teacher_id {int} NOT NULL,
  record_id {int} NOT NULL,
  field TEXT NOT NULL,
  stored TEXT,
  derived TEXT,
  found_at {int} NOT NULL,
  PRIMARY KEY (teacher_id, record_id, field)
){strict};
