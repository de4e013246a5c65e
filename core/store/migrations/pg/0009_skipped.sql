-- What a manifest's rules about rows left out: how many records of a batch, and why. Append-only; rows of one reason add up.
CREATE TABLE batch_skip (
  batch_id BIGINT NOT NULL,
  because TEXT NOT NULL,
  records BIGINT NOT NULL
);
CREATE INDEX batch_skip_batch ON batch_skip (batch_id);

-- The contract of the batch's stream: 1 while it is set aside because too many of its records have the same fault, 2 when a
-- person has released it all the same.
ALTER TABLE batch ADD COLUMN contract BIGINT NOT NULL DEFAULT 0;

-- A replayed raw record can be skipped, too.
ALTER TABLE replay_item DROP CONSTRAINT replay_item_outcome_check;
ALTER TABLE replay_item ADD CONSTRAINT replay_item_outcome_check
  CHECK (outcome IN ('inserted', 'updated', 'unchanged', 'superseded', 'skipped', 'parked'));
