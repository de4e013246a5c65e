-- A payload that could not be decoded can be parked when it is decoded at last: its sound records count nothing until a replay that
-- a person has planned and applied. 1: so are the raw records of the batch, or is this raw record.
ALTER TABLE batch ADD COLUMN awaits_replay INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dead_letter_sighting ADD COLUMN awaits_replay INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replay_item ADD COLUMN awaits_replay INTEGER NOT NULL DEFAULT 0;
