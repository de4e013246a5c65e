-- What a manifest's rules about rows left out: how many records of a batch, and why. Append-only; rows of one reason add up.
CREATE TABLE batch_skip (
  batch_id {int} NOT NULL,
  because TEXT NOT NULL,
  records {int} NOT NULL
){strict};
CREATE INDEX batch_skip_batch ON batch_skip (batch_id);

-- The contract of the batch's stream: 1 while it is set aside because too many of its records have the same fault, 2 when a
-- person has released it all the same.
ALTER TABLE batch ADD COLUMN contract {int} NOT NULL DEFAULT 0;

-- A replayed raw record can be skipped, too.
{pg}ALTER TABLE replay_item DROP CONSTRAINT replay_item_outcome_check;
{pg}ALTER TABLE replay_item ADD CONSTRAINT replay_item_outcome_check
{pg}  CHECK (outcome IN ('inserted', 'updated', 'unchanged', 'superseded', 'skipped', 'parked'));
{lite}CREATE TABLE replay_item_next (
{lite}  replay_id INTEGER NOT NULL REFERENCES replay (id),
{lite}  batch_id INTEGER NOT NULL,
{lite}  record_index INTEGER NOT NULL,
{lite}  letter_id INTEGER NOT NULL,
{lite}  address TEXT NOT NULL,
{lite}  outcome TEXT NOT NULL CHECK (outcome IN ('inserted', 'updated', 'unchanged', 'superseded', 'skipped', 'parked')),
{lite}  record_key BLOB,
{lite}  detail TEXT NOT NULL,
{lite}  PRIMARY KEY (replay_id, batch_id, record_index)
{lite}) STRICT;
{lite}INSERT INTO replay_item_next SELECT * FROM replay_item;
{lite}DROP TABLE replay_item;
{lite}ALTER TABLE replay_item_next RENAME TO replay_item;
