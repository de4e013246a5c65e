-- What a dead letter's record says apart from its faulty fields, as keyed digests: by `blocking_key`, the digest of
-- `blocking_fields`, candidates for its corrected version are found; `sound_digest` is the digest of all sound fields. Empty
-- where too little is left to tell the record from others, and in letters of earlier releases.
ALTER TABLE dead_letter ADD COLUMN faulty_fields TEXT;
ALTER TABLE dead_letter ADD COLUMN blocking_fields TEXT;
ALTER TABLE dead_letter ADD COLUMN blocking_key {bytes};
ALTER TABLE dead_letter ADD COLUMN sound_digest {bytes};
CREATE INDEX dead_letter_blocking ON dead_letter (source_id, stream, blocking_fields, blocking_key)
  WHERE state = 'open' AND blocking_key IS NOT NULL;

-- Good records that may be the corrected versions of dead letters' records, under another key. `source_version`, `batch_id` and
-- `row_index` rank the record as it was received. `is_new` is 1 if its key was received for the first time after the letter's
-- record, which was received last in `letter_batch_id`; `same_place` is 1 if it stood where the faulty row stood.
CREATE TABLE letter_successor (
  dead_letter_id {int} NOT NULL,
  record_key {bytes} NOT NULL,
  source_version {int} NOT NULL,
  batch_id {int} NOT NULL,
  row_index {int} NOT NULL,
  address TEXT NOT NULL,
  letter_batch_id {int} NOT NULL,
  is_new {int} NOT NULL,
  same_place {int} NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('noticed', 'accepted', 'rejected')),
  noticed_at {int} NOT NULL,
  decided_at {int},
  decided_by TEXT,
  because TEXT,
  PRIMARY KEY (dead_letter_id, record_key)
){strict};
CREATE INDEX letter_successor_record ON letter_successor (record_key);

-- Batches whose records must be compared with the dead letters of earlier batches once more, because those were loaded later.
CREATE TABLE successor_search (
  batch_id {int} PRIMARY KEY
){strict};
