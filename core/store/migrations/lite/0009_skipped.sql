-- What a manifest's rules about rows left out: how many records of a batch, and why. Append-only; rows of one reason add up.
CREATE TABLE batch_skip (
  batch_id INTEGER NOT NULL,
  because TEXT NOT NULL,
  records INTEGER NOT NULL
) STRICT;
CREATE INDEX batch_skip_batch ON batch_skip (batch_id);

-- The contract of the batch's stream: 1 while it is set aside because too many of its records have the same fault, 2 when a
-- person has released it all the same.
ALTER TABLE batch ADD COLUMN contract INTEGER NOT NULL DEFAULT 0;

-- A replayed raw record can be skipped, too.
CREATE TABLE replay_item_next (
  replay_id INTEGER NOT NULL REFERENCES replay (id),
  batch_id INTEGER NOT NULL,
  record_index INTEGER NOT NULL,
  letter_id INTEGER NOT NULL,
  address TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('inserted', 'updated', 'unchanged', 'superseded', 'skipped', 'parked')),
  record_key BLOB,
  detail TEXT NOT NULL,
  PRIMARY KEY (replay_id, batch_id, record_index)
) STRICT;
INSERT INTO replay_item_next SELECT * FROM replay_item;
DROP TABLE replay_item;
ALTER TABLE replay_item_next RENAME TO replay_item;
