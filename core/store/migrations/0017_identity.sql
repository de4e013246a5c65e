-- Whose a claim is: `definite` by a rule or a person, `potential` where a person is asked, `none` where nobody known can be
-- meant, `new` until it has been looked at. `told` is what the source told of the person, sealed JSON; a claim by an ID number
-- that is the teacher's has none.
ALTER TABLE claim ADD COLUMN state TEXT NOT NULL DEFAULT 'definite' CHECK (state IN ('definite', 'potential', 'none', 'new'));
ALTER TABLE claim ADD COLUMN doubt TEXT;
ALTER TABLE claim ADD COLUMN told {bytes};
CREATE INDEX claim_waiting ON claim (state, id) WHERE state <> 'definite';
CREATE INDEX claim_told ON claim (id) WHERE told IS NOT NULL;

-- Who may be meant by a claim that a person has to look at, the likeliest first; `evidence` is JSON, without a value of anybody.
CREATE TABLE candidate (
  claim_id {int} NOT NULL,
  rank {int} NOT NULL,
  teacher_id {int} NOT NULL,
  score {int} NOT NULL,
  evidence TEXT NOT NULL,
  PRIMARY KEY (claim_id, rank)
);
CREATE INDEX candidate_teacher ON candidate (teacher_id);

-- Keyed digests of what people are found by: of claims that carry what was told, and of the teachers of the roster.
CREATE TABLE claim_match_key (
  match_key {int} NOT NULL,
  claim_id {int} NOT NULL,
  PRIMARY KEY (match_key, claim_id)
){without_rowid};
CREATE TABLE teacher_match_key (
  match_key {int} NOT NULL,
  teacher_id {int} NOT NULL,
  PRIMARY KEY (match_key, teacher_id)
){without_rowid};

-- A teacher's keys, counted values and second keys as they were written last, eight bytes each.
CREATE TABLE teacher_match (
  teacher_id {int} PRIMARY KEY,
  match_keys {bytes} NOT NULL,
  counted {bytes} NOT NULL,
  seconds {bytes} NOT NULL
);

-- How many teachers of the roster have a value, by its keyed digest; 0 is all of them.
CREATE TABLE match_count (
  value {int} PRIMARY KEY,
  teachers {int} NOT NULL
);

-- Teachers whose keys are to be written anew, as in settle_mark.
CREATE TABLE match_mark (
  id {id},
  block {int} NOT NULL,
  teachers {bytes} NOT NULL
);
CREATE INDEX match_mark_block ON match_mark (block);

-- Goes up whenever a claim changes its teacher. A load holds it while it writes, so that no record slips between.
CREATE TABLE identity_change (
  id {int} PRIMARY KEY,
  number {int} NOT NULL
);
INSERT INTO identity_change (id, number) VALUES (1, 0);

-- Folded names that the roster says a teacher had before, a JSON list.
ALTER TABLE teacher ADD COLUMN former_names TEXT;

-- Every load that makes claims asks for these few.
CREATE INDEX decision_merge ON decision (id) WHERE kind = 'identity.merge';

-- What contradicts is listed.
CREATE INDEX credit_entry_contradicted ON credit_entry (record_id) WHERE superseded_at IS NULL AND outcome = 'name_contradicts';

-- The keys above take its place; nobody read it.
DROP TABLE teacher_trait;
