-- Teachers and schools as counties keep them.

-- What the roster says of a teacher. `contested` is 1 while rows of one version name the ID number's owner differently.
ALTER TABLE teacher ADD COLUMN name TEXT;
ALTER TABLE teacher ADD COLUMN name_folded TEXT;
ALTER TABLE teacher ADD COLUMN sex TEXT CHECK (sex IN ('male', 'female'));
ALTER TABLE teacher ADD COLUMN birth_date TEXT;
ALTER TABLE teacher ADD COLUMN contested {int} NOT NULL DEFAULT 0;
CREATE INDEX teacher_name ON teacher (name_folded) WHERE name_folded IS NOT NULL;

-- The rows that are held, newest version each, with their lineage. Everything below is derived from them. `record_key` is
-- what the manifest makes it of; `row_key` tells apart what it is about too: a teacher in two schools, a school under two names.
-- `sealed` is JSON of what is personal; `name_digest` is a keyed digest of the folded name. A teacher's row has no teacher as
-- long as it has no school and no membership names it.
CREATE TABLE roster_row (
  id {bulk_id},
  institution_id {int} NOT NULL,
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  row_key {bytes} NOT NULL,
  record_key {bytes} NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('teacher', 'school', 'membership')),
  source_version {int} NOT NULL,
  activation {int} NOT NULL,
  content_digest {bytes} NOT NULL,
  flagged {int} NOT NULL DEFAULT 0,
  as_of TEXT NOT NULL,
  teacher_id {int},
  blind_index {bytes},
  name_digest {bytes},
  teacher_ref TEXT,
  school_ref TEXT,
  school_code TEXT,
  school_name TEXT,
  region_code TEXT,
  successor_code TEXT,
  span_from TEXT,
  span_to TEXT,
  position TEXT,
  stage TEXT,
  sealed {bytes},
  manifest_version {int} NOT NULL,
  batch_id {int} NOT NULL,
  address TEXT NOT NULL,
  UNIQUE (row_key, source_id, stream)
){strict};
CREATE INDEX roster_row_record ON roster_row (record_key);
CREATE INDEX roster_row_teacher ON roster_row (teacher_id) WHERE teacher_id IS NOT NULL;
CREATE INDEX roster_row_index ON roster_row (blind_index) WHERE blind_index IS NOT NULL;
CREATE INDEX roster_row_person ON roster_row (source_id, teacher_ref) WHERE teacher_ref IS NOT NULL;
CREATE INDEX roster_row_school_ref ON roster_row (source_id, school_ref) WHERE school_ref IS NOT NULL;
CREATE INDEX roster_row_school ON roster_row (school_code) WHERE kind = 'school';

-- Schools by code, what they were called and where they belonged, from when to when.
CREATE TABLE school (
  code TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  successor_code TEXT
){strict};
CREATE TABLE school_name (
  school_code TEXT NOT NULL,
  name TEXT NOT NULL,
  region_code TEXT,
  valid_from TEXT,
  valid_to TEXT,
  ended_by TEXT NOT NULL,
  overlapping {int} NOT NULL,
  row_id {int} NOT NULL
){strict};
CREATE INDEX school_name_school ON school_name (school_code);

-- Where a teacher belongs, from when to when. `ended_by` is 'next' where only the next membership ends it; `overlapping` is 1
-- where rows state days in common with another.
CREATE TABLE membership (
  teacher_id {int} NOT NULL,
  school_code TEXT NOT NULL,
  valid_from TEXT,
  valid_to TEXT,
  ended_by TEXT NOT NULL,
  overlapping {int} NOT NULL,
  position TEXT,
  stage TEXT,
  row_id {int} NOT NULL
){strict};
CREATE INDEX membership_teacher ON membership (teacher_id);
CREATE INDEX membership_school ON membership (school_code);

-- Teacher numbers and phone numbers, by which somebody may be found; several can have the same.
CREATE TABLE teacher_trait (
  kind TEXT NOT NULL CHECK (kind IN ('teacher_number', 'phone', 'former_name')),
  blind_index {bytes} NOT NULL,
  teacher_id {int} NOT NULL,
  PRIMARY KEY (kind, blind_index, teacher_id)
){strict};
CREATE INDEX teacher_trait_teacher ON teacher_trait (teacher_id);

-- For what dead letters of rosters wait. `ready` is 1 once it has come, 2 while it is being taken up.
CREATE TABLE roster_wait (
  letter_id {int} NOT NULL,
  need TEXT NOT NULL CHECK (need IN ('school_code', 'school_ref', 'teacher_ref')),
  source_id {int} NOT NULL,
  value TEXT NOT NULL,
  ready {int} NOT NULL DEFAULT 0,
  PRIMARY KEY (letter_id, need, value)
){strict};
CREATE INDEX roster_wait_value ON roster_wait (value);
CREATE INDEX roster_wait_ready ON roster_wait (letter_id) WHERE ready > 0;
