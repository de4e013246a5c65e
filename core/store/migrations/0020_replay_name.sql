-- What the teachers of a replay are called, so that a plan names people who are no teachers yet.
ALTER TABLE replay_teacher ADD COLUMN name TEXT;
