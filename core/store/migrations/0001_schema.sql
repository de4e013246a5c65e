-- Huiliu's canonical schema. Instants are microseconds UTC ({int}), dates are text YYYY-MM-DD in Asia/Shanghai,
-- hours are 1/108,000 of a class hour of 45 minutes ({int}), scores are hundredths. Views below show readable types.
-- The tables that a load fills in bulk have no foreign keys: a check per row costs more than the row. One transaction
-- writes a batch's rows together, and `huiliu doctor` looks for orphans.

CREATE TABLE institution (
  id {id},
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL
){strict};

CREATE TABLE source (
  id {id},
  institution_id {int} NOT NULL REFERENCES institution (id),
  name TEXT NOT NULL UNIQUE,
  connector TEXT NOT NULL
){strict};

CREATE TABLE stream_cursor (
  source_id {int} NOT NULL REFERENCES source (id),
  stream TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (source_id, stream)
){strict};

CREATE TABLE sync_run (
  id {id},
  institution_id {int} NOT NULL REFERENCES institution (id),
  source_id {int} NOT NULL REFERENCES source (id),
  full_pass {int} NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  started_at {int} NOT NULL,
  ended_at {int},
  failure TEXT
){strict};

-- Where a run began to read each stream, and where it stopped.
CREATE TABLE sync_run_cursor (
  run_id {int} NOT NULL REFERENCES sync_run (id),
  stream TEXT NOT NULL,
  at_start TEXT,
  at_end TEXT,
  PRIMARY KEY (run_id, stream)
){strict};

CREATE TABLE payload (
  id {id},
  institution_id {int} NOT NULL REFERENCES institution (id),
  run_id {int} NOT NULL REFERENCES sync_run (id),
  source_id {int} NOT NULL REFERENCES source (id),
  stream TEXT NOT NULL,
  address TEXT NOT NULL,
  digest {bytes} NOT NULL,
  same_as {int} REFERENCES payload (id),
  wrapped_key {bytes},
  sealed {bytes},
  byte_count {int} NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('landed', 'undecodable')),
  fault TEXT,
  landed_at {int} NOT NULL,
  CHECK ((same_as IS NULL) = (sealed IS NOT NULL AND wrapped_key IS NOT NULL))
){strict};
{pg}-- Sealed bytes do not compress; trying costs time.
{pg}ALTER TABLE payload ALTER sealed SET STORAGE EXTERNAL;
CREATE INDEX payload_run ON payload (run_id);
CREATE INDEX payload_digest ON payload (source_id, digest) WHERE same_as IS NULL;
CREATE INDEX payload_same ON payload (same_as) WHERE same_as IS NOT NULL;

CREATE TABLE activation (
  id {id},
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version {int} NOT NULL,
  digest {bytes} NOT NULL,
  at {int} NOT NULL
){strict};

-- `held` counts the training records that it put there, and `elsewhere` its unchanged raw records that others hold.
CREATE TABLE batch (
  id {id},
  run_id {int} NOT NULL REFERENCES sync_run (id),
  payload_id {int} NOT NULL REFERENCES payload (id),
  first_record {int} NOT NULL,
  record_count {int} NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('due', 'claimed', 'done', 'quarantined')),
  generation {int} NOT NULL DEFAULT 1,
  epoch {int} NOT NULL DEFAULT 0,
  attempts {int} NOT NULL DEFAULT 0,
  lost_claims {int} NOT NULL DEFAULT 0,
  holder TEXT,
  lease_until {int},
  due_at {int} NOT NULL,
  rung_at {int} NOT NULL,
  last_error TEXT,
  inserted {int} NOT NULL DEFAULT 0,
  updated {int} NOT NULL DEFAULT 0,
  unchanged {int} NOT NULL DEFAULT 0,
  superseded {int} NOT NULL DEFAULT 0,
  skipped {int} NOT NULL DEFAULT 0,
  parked {int} NOT NULL DEFAULT 0,
  discarded {int} NOT NULL DEFAULT 0,
  held {int} NOT NULL DEFAULT 0,
  elsewhere {int} NOT NULL DEFAULT 0,
  manifest_version {int},
  activation {int}
){strict};
CREATE INDEX batch_payload ON batch (payload_id, first_record);
CREATE INDEX batch_run ON batch (run_id);
CREATE INDEX batch_due ON batch (due_at) WHERE state IN ('due', 'claimed');

-- Records that a batch put there and a later one has taken over; append-only, so that loads do not wait for each other.
CREATE TABLE batch_loss (
  batch_id {int} NOT NULL,
  records {int} NOT NULL
){strict};
CREATE INDEX batch_loss_batch ON batch_loss (batch_id);

CREATE TABLE teacher (
  id {id},
  origin TEXT NOT NULL CHECK (origin IN ('roster', 'provisional')),
  created_at {int} NOT NULL
){strict};

CREATE TABLE teacher_identifier (
  teacher_id {int} NOT NULL,
  kind TEXT NOT NULL,
  blind_index {bytes} NOT NULL,
  sealed {bytes} NOT NULL,
  valid_from {int} NOT NULL,
  valid_to {int},
  PRIMARY KEY (blind_index, kind)
){strict};
CREATE INDEX teacher_identifier_teacher ON teacher_identifier (teacher_id);

CREATE TABLE claim (
  id {id},
  claim_key {bytes} NOT NULL UNIQUE,
  name TEXT NOT NULL,
  name_folded TEXT NOT NULL,
  blind_index {bytes} NOT NULL,
  teacher_id {int},
  decided_by TEXT NOT NULL
){strict};
CREATE INDEX claim_teacher ON claim (teacher_id);

CREATE TABLE training_record (
  id {bulk_id},
  institution_id {int} NOT NULL,
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  record_key {bytes} NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('progress', 'course_completion', 'project_completion', 'certificate', 'assessment',
                                     'diagnostic', 'enrolment')),
  claim_id {int} NOT NULL,
  source_version {int} NOT NULL,
  activation {int} NOT NULL,
  content_digest {bytes} NOT NULL,
  flagged {int} NOT NULL DEFAULT 0,
  school_code TEXT,
  project_code TEXT,
  project_title TEXT,
  category_code TEXT,
  course_code TEXT NOT NULL,
  course_title TEXT,
  canonical_course TEXT,
  role TEXT,
  mode TEXT,
  delivery_code TEXT,
  required TEXT CHECK (required IN ('required', 'elective')),
  place TEXT,
  period_start TEXT,
  period_end TEXT NOT NULL,
  raw_hours TEXT NOT NULL,
  hours_unit TEXT NOT NULL,
  hours_units {int} NOT NULL,
  certificate_number TEXT,
  pass_state TEXT NOT NULL CHECK (pass_state IN ('passed', 'failed', 'not_assessed', 'pending')),
  manifest_version {int} NOT NULL,
  batch_id {int} NOT NULL,
  address TEXT NOT NULL,
  UNIQUE (record_key, source_id, stream)
){strict};
CREATE INDEX training_record_claim ON training_record (claim_id);

-- An assessment stands beside the record it came with: the scores, what they weigh together, and the assessor's grade.
CREATE TABLE assessment (
  record_id {int} PRIMARY KEY,
  assessor TEXT NOT NULL CHECK (assessor IN ('institution', 'school')),
  claim_id {int} NOT NULL,
  project_code TEXT,
  score_learning {int},
  score_activity {int},
  score_artefact {int},
  total_numerator {int} NOT NULL,
  total_denominator {int} NOT NULL,
  grade TEXT NOT NULL
){strict};

-- The rules that entries rest on, as they were read: a pack, its version, a rule, and on what it rests.
CREATE TABLE rule (
  id {id},
  pack TEXT NOT NULL,
  version {int} NOT NULL,
  name TEXT NOT NULL,
  unit TEXT,
  units_per_one {int},
  basis TEXT NOT NULL CHECK (basis IN ('stated', 'adopted', 'assumed')),
  source TEXT NOT NULL,
  digest {bytes} NOT NULL UNIQUE
){strict};

-- Append-only: an entry is never changed, only superseded. `conversion_id` and `raw_hours` are its arithmetic.
CREATE TABLE credit_entry (
  id {bulk_id},
  teacher_id {int} NOT NULL,
  record_id {int} NOT NULL,
  outcome TEXT NOT NULL,
  units {int} NOT NULL,
  canonical_course TEXT,
  cycle TEXT,
  rule_id {int} NOT NULL,
  conversion_id {int} NOT NULL,
  raw_hours TEXT NOT NULL,
  duplicate_of {int},
  made_at {int} NOT NULL,
  superseded_at {int},
  superseded_by {int}
){strict};
CREATE INDEX credit_entry_current ON credit_entry (teacher_id) WHERE superseded_at IS NULL;

-- Teachers whose entries a load may have changed: one row per load and block of 1,024 teachers, the teachers as bits.
-- Append-only for loads; settling takes a block's marks away with the entries it writes.
CREATE TABLE settle_mark (
  id {id},
  block {int} NOT NULL,
  teachers {bytes} NOT NULL
){strict};
CREATE INDEX settle_mark_block ON settle_mark (block);

-- One letter per record key (or raw digest, where no key can be told); its content is the newest bad version's.
CREATE TABLE dead_letter (
  id {id},
  institution_id {int} NOT NULL,
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  letter_key {bytes} NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'discarded')),
  source_version {int},
  activation {int} NOT NULL,
  raw_digest {bytes} NOT NULL,
  address TEXT NOT NULL,
  record_name TEXT,
  reasons TEXT NOT NULL,
  raw_sealed {bytes} NOT NULL,
  manifest_version {int} NOT NULL,
  first_seen_at {int} NOT NULL,
  last_seen_at {int} NOT NULL,
  UNIQUE (letter_key, source_id, stream)
){strict};
CREATE INDEX dead_letter_open ON dead_letter (id) WHERE state = 'open';

-- Each bad raw record that a letter stands for, and what has become of it; a batch's `parked` is the sum of its own.
CREATE TABLE dead_letter_sighting (
  batch_id {int} NOT NULL,
  record_index {int} NOT NULL,
  letter_id {int} NOT NULL,
  address TEXT NOT NULL,
  source_version {int},
  activation {int} NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('parked', 'superseded', 'discarded')),
  PRIMARY KEY (batch_id, record_index)
){strict};
CREATE INDEX dead_letter_sighting_letter ON dead_letter_sighting (letter_id);

CREATE TABLE audit (
  id {id},
  at {int} NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  detail TEXT NOT NULL,
  previous_hash {bytes} NOT NULL,
  hash {bytes} NOT NULL UNIQUE
){strict};

CREATE TABLE key_check (
  id {int} PRIMARY KEY CHECK (id = 1),
  value {bytes} NOT NULL
){strict};
