-- What people decided. Append-only: a decision holds until another row reverses it. Whom or what it is about stands in the
-- columns that it needs; `detail` is JSON, as its kind wants it.
CREATE TABLE decision (
  id {id},
  kind TEXT NOT NULL,
  teacher_id {int},
  claim_id {int},
  record_id {int},
  detail TEXT NOT NULL,
  actor TEXT NOT NULL,
  because TEXT NOT NULL,
  at {int} NOT NULL,
  reverses {int} UNIQUE REFERENCES decision (id)
){strict};
CREATE INDEX decision_teacher ON decision (teacher_id) WHERE teacher_id IS NOT NULL;
CREATE INDEX decision_claim ON decision (claim_id) WHERE claim_id IS NOT NULL;
CREATE INDEX decision_record ON decision (record_id) WHERE record_id IS NOT NULL;
