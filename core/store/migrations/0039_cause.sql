-- A cause is what the problems of many dead letters have in common. A letter points to the set of its causes: sets are few, and
-- letters are many. `cause_set_id` is null in letters of earlier programs until they are looked at.
CREATE TABLE cause (
  id {id},
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  digest {bytes} NOT NULL UNIQUE,
  stage TEXT NOT NULL CHECK (stage IN ('read', 'validate', 'match')),
  code TEXT NOT NULL,
  source_field TEXT NOT NULL,
  shape TEXT NOT NULL
){strict};

CREATE TABLE cause_set (
  id {id},
  digest {bytes} NOT NULL UNIQUE
){strict};

CREATE TABLE cause_set_member (
  cause_set_id {int} NOT NULL,
  cause_id {int} NOT NULL,
  PRIMARY KEY (cause_set_id, cause_id)
){without_rowid};
CREATE INDEX cause_set_member_cause ON cause_set_member (cause_id, cause_set_id);

ALTER TABLE dead_letter ADD COLUMN cause_set_id {int};
-- The blind index of the ID number in the row, if it can be read.
ALTER TABLE dead_letter ADD COLUMN blind_index {bytes};

-- Counts of open letters are read from this index alone.
CREATE INDEX dead_letter_cause ON dead_letter (cause_set_id, id, last_seen_at) WHERE state = 'open';
CREATE INDEX dead_letter_unsorted ON dead_letter (id) WHERE cause_set_id IS NULL;
CREATE INDEX dead_letter_person ON dead_letter (blind_index) WHERE blind_index IS NOT NULL;
