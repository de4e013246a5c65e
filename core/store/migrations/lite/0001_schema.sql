-- Huiliu's canonical schema. Instants are microseconds UTC (INTEGER), dates are text YYYY-MM-DD in Asia/Shanghai,
-- hours are 1/108,000 of a class hour of 45 minutes (INTEGER), scores are hundredths. Views below show readable types.
-- The tables that a load fills in bulk have no foreign keys: a check per row costs more than the row. One transaction
-- writes a batch's rows together, and `huiliu doctor` looks for orphans.

CREATE TABLE institution (
  id INTEGER PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL
) STRICT;

CREATE TABLE source (
  id INTEGER PRIMARY KEY,
  institution_id INTEGER NOT NULL REFERENCES institution (id),
  name TEXT NOT NULL UNIQUE,
  connector TEXT NOT NULL
) STRICT;

CREATE TABLE stream_cursor (
  source_id INTEGER NOT NULL REFERENCES source (id),
  stream TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (source_id, stream)
) STRICT;

CREATE TABLE sync_run (
  id INTEGER PRIMARY KEY,
  institution_id INTEGER NOT NULL REFERENCES institution (id),
  source_id INTEGER NOT NULL REFERENCES source (id),
  full_pass INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  failure TEXT
) STRICT;

-- Where a run began to read each stream, and where it stopped.
CREATE TABLE sync_run_cursor (
  run_id INTEGER NOT NULL REFERENCES sync_run (id),
  stream TEXT NOT NULL,
  at_start TEXT,
  at_end TEXT,
  PRIMARY KEY (run_id, stream)
) STRICT;

CREATE TABLE payload (
  id INTEGER PRIMARY KEY,
  institution_id INTEGER NOT NULL REFERENCES institution (id),
  run_id INTEGER NOT NULL REFERENCES sync_run (id),
  source_id INTEGER NOT NULL REFERENCES source (id),
  stream TEXT NOT NULL,
  address TEXT NOT NULL,
  digest BLOB NOT NULL,
  same_as INTEGER REFERENCES payload (id),
  wrapped_key BLOB,
  sealed BLOB,
  byte_count INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('landed', 'undecodable')),
  fault TEXT,
  landed_at INTEGER NOT NULL,
  CHECK ((same_as IS NULL) = (sealed IS NOT NULL AND wrapped_key IS NOT NULL))
) STRICT;
CREATE INDEX payload_run ON payload (run_id);
CREATE INDEX payload_digest ON payload (source_id, digest) WHERE same_as IS NULL;
CREATE INDEX payload_same ON payload (same_as) WHERE same_as IS NOT NULL;

CREATE TABLE activation (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  digest BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT;

-- `held` counts the training records that it put there, and `elsewhere` its unchanged raw records that others hold.
CREATE TABLE batch (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES sync_run (id),
  payload_id INTEGER NOT NULL REFERENCES payload (id),
  first_record INTEGER NOT NULL,
  record_count INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('due', 'claimed', 'done', 'quarantined')),
  generation INTEGER NOT NULL DEFAULT 1,
  epoch INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  lost_claims INTEGER NOT NULL DEFAULT 0,
  holder TEXT,
  lease_until INTEGER,
  due_at INTEGER NOT NULL,
  rung_at INTEGER NOT NULL,
  last_error TEXT,
  inserted INTEGER NOT NULL DEFAULT 0,
  updated INTEGER NOT NULL DEFAULT 0,
  unchanged INTEGER NOT NULL DEFAULT 0,
  superseded INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NOT NULL DEFAULT 0,
  parked INTEGER NOT NULL DEFAULT 0,
  discarded INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0,
  elsewhere INTEGER NOT NULL DEFAULT 0,
  manifest_version INTEGER,
  activation INTEGER
) STRICT;
CREATE INDEX batch_payload ON batch (payload_id, first_record);
CREATE INDEX batch_run ON batch (run_id);
CREATE INDEX batch_due ON batch (due_at) WHERE state IN ('due', 'claimed');

-- Records that a batch put there and a later one has taken over; append-only, so that loads do not wait for each other.
CREATE TABLE batch_loss (
  batch_id INTEGER NOT NULL,
  records INTEGER NOT NULL
) STRICT;
CREATE INDEX batch_loss_batch ON batch_loss (batch_id);

CREATE TABLE teacher (
  id INTEGER PRIMARY KEY,
  origin TEXT NOT NULL CHECK (origin IN ('roster', 'provisional')),
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE teacher_identifier (
  teacher_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  blind_index BLOB NOT NULL,
  sealed BLOB NOT NULL,
  valid_from INTEGER NOT NULL,
  valid_to INTEGER,
  PRIMARY KEY (blind_index, kind)
) STRICT;
CREATE INDEX teacher_identifier_teacher ON teacher_identifier (teacher_id);

CREATE TABLE claim (
  id INTEGER PRIMARY KEY,
  claim_key BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  name_folded TEXT NOT NULL,
  blind_index BLOB NOT NULL,
  teacher_id INTEGER,
  decided_by TEXT NOT NULL
) STRICT;
CREATE INDEX claim_teacher ON claim (teacher_id);

CREATE TABLE training_record (
  id INTEGER PRIMARY KEY,
  institution_id INTEGER NOT NULL,
  source_id INTEGER NOT NULL,
  stream TEXT NOT NULL,
  record_key BLOB NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('progress', 'course_completion', 'project_completion', 'certificate', 'assessment',
                                     'diagnostic', 'enrolment')),
  claim_id INTEGER NOT NULL,
  source_version INTEGER NOT NULL,
  activation INTEGER NOT NULL,
  content_digest BLOB NOT NULL,
  flagged INTEGER NOT NULL DEFAULT 0,
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
  hours_units INTEGER NOT NULL,
  certificate_number TEXT,
  pass_state TEXT NOT NULL CHECK (pass_state IN ('passed', 'failed', 'not_assessed', 'pending')),
  manifest_version INTEGER NOT NULL,
  batch_id INTEGER NOT NULL,
  address TEXT NOT NULL,
  UNIQUE (record_key, source_id, stream)
) STRICT;
CREATE INDEX training_record_claim ON training_record (claim_id);

-- An assessment stands beside the record it came with: the scores, what they weigh together, and the assessor's grade.
CREATE TABLE assessment (
  record_id INTEGER PRIMARY KEY,
  assessor TEXT NOT NULL CHECK (assessor IN ('institution', 'school')),
  claim_id INTEGER NOT NULL,
  project_code TEXT,
  score_learning INTEGER,
  score_activity INTEGER,
  score_artefact INTEGER,
  total_numerator INTEGER NOT NULL,
  total_denominator INTEGER NOT NULL,
  grade TEXT NOT NULL
) STRICT;

-- The rules that entries rest on, as they were read: a pack, its version, a rule, and on what it rests.
CREATE TABLE rule (
  id INTEGER PRIMARY KEY,
  pack TEXT NOT NULL,
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  unit TEXT,
  units_per_one INTEGER,
  basis TEXT NOT NULL CHECK (basis IN ('stated', 'adopted', 'assumed')),
  source TEXT NOT NULL,
  digest BLOB NOT NULL UNIQUE
) STRICT;

-- Append-only: an entry is never changed, only superseded. `conversion_id` and `raw_hours` are its arithmetic.
CREATE TABLE credit_entry (
  id INTEGER PRIMARY KEY,
  teacher_id INTEGER NOT NULL,
  record_id INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  units INTEGER NOT NULL,
  canonical_course TEXT,
  cycle TEXT,
  rule_id INTEGER NOT NULL,
  conversion_id INTEGER NOT NULL,
  raw_hours TEXT NOT NULL,
  duplicate_of INTEGER,
  made_at INTEGER NOT NULL,
  superseded_at INTEGER,
  superseded_by INTEGER
) STRICT;
CREATE INDEX credit_entry_current ON credit_entry (teacher_id) WHERE superseded_at IS NULL;

-- Teachers whose entries a load may have changed: one row per load and block of 1,024 teachers, the teachers as bits.
-- Append-only for loads; settling takes a block's marks away with the entries it writes.
CREATE TABLE settle_mark (
  id INTEGER PRIMARY KEY,
  block INTEGER NOT NULL,
  teachers BLOB NOT NULL
) STRICT;
CREATE INDEX settle_mark_block ON settle_mark (block);

-- One letter per record key (or raw digest, where no key can be told); its content is the newest bad version's.
CREATE TABLE dead_letter (
  id INTEGER PRIMARY KEY,
  institution_id INTEGER NOT NULL,
  source_id INTEGER NOT NULL,
  stream TEXT NOT NULL,
  letter_key BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'discarded')),
  source_version INTEGER,
  activation INTEGER NOT NULL,
  raw_digest BLOB NOT NULL,
  address TEXT NOT NULL,
  record_name TEXT,
  reasons TEXT NOT NULL,
  raw_sealed BLOB NOT NULL,
  manifest_version INTEGER NOT NULL,
  first_seen_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  UNIQUE (letter_key, source_id, stream)
) STRICT;
CREATE INDEX dead_letter_open ON dead_letter (id) WHERE state = 'open';

-- Each bad raw record that a letter stands for, and what has become of it; a batch's `parked` is the sum of its own.
CREATE TABLE dead_letter_sighting (
  batch_id INTEGER NOT NULL,
  record_index INTEGER NOT NULL,
  letter_id INTEGER NOT NULL,
  address TEXT NOT NULL,
  source_version INTEGER,
  activation INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('parked', 'superseded', 'discarded')),
  PRIMARY KEY (batch_id, record_index)
) STRICT;
CREATE INDEX dead_letter_sighting_letter ON dead_letter_sighting (letter_id);

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  detail TEXT NOT NULL,
  previous_hash BLOB NOT NULL,
  hash BLOB NOT NULL UNIQUE
) STRICT;

CREATE TABLE key_check (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  value BLOB NOT NULL
) STRICT;
