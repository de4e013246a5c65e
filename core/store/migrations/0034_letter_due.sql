-- Keys of dead letters that the next settlement compares with the newest record of the same key: the letter was seen again, or
-- the record was written. Rows are only added by loads and taken by settlements, so that neither waits for the other.
CREATE TABLE letter_due (
  id {bulk_id},
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  dead_letter_key {bytes} NOT NULL
){strict};
INSERT INTO letter_due (source_id, stream, dead_letter_key)
  SELECT source_id, stream, dead_letter_key FROM dead_letter WHERE state = 'open';
