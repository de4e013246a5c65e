-- Huiliu's canonical schema. Instants are microseconds UTC (INTEGER), dates are text YYYY-MM-DD in Asia/Shanghai,
-- hours are 1/108,000 of a class hour of 45 minutes (INTEGER), scores are hundredths. Views below show readable types.

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

CREATE TABLE payload (
  id INTEGER PRIMARY KEY,
  institution_id INTEGER NOT NULL REFERENCES institution (id),
  run_id INTEGER NOT NULL REFERENCES sync_run (id),
  source_id INTEGER NOT NULL REFERENCES source (id),
  stream TEXT NOT NULL,
  address TEXT NOT NULL,
  digest BLOB NOT NULL,
  sealed BLOB NOT NULL,
  byte_count INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('landed', 'undecodable')),
  fault TEXT,
  landed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX payload_run ON payload (run_id);

CREATE TABLE activation (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  digest BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT;

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
  manifest_version INTEGER,
  activation INTEGER
) STRICT;
CREATE INDEX batch_run ON batch (run_id);
CREATE INDEX batch_due ON batch (due_at) WHERE state IN ('due', 'claimed');

CREATE TABLE teacher (
  id INTEGER PRIMARY KEY,
  origin TEXT NOT NULL CHECK (origin IN ('roster', 'provisional')),
  founding_index BLOB UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE teacher_identifier (
  id INTEGER PRIMARY KEY,
  teacher_id INTEGER NOT NULL REFERENCES teacher (id),
  kind TEXT NOT NULL,
  blind_index BLOB NOT NULL,
  sealed BLOB NOT NULL,
  valid_from INTEGER NOT NULL,
  valid_to INTEGER,
  UNIQUE (kind, blind_index)
) STRICT;
CREATE INDEX teacher_identifier_teacher ON teacher_identifier (teacher_id);

CREATE TABLE claim (
  id INTEGER PRIMARY KEY,
  institution_id INTEGER NOT NULL REFERENCES institution (id),
  claim_key BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  name_folded TEXT NOT NULL,
  school_code TEXT,
  blind_index BLOB NOT NULL,
  teacher_id INTEGER REFERENCES teacher (id),
  decided_by TEXT NOT NULL
) STRICT;
CREATE INDEX claim_teacher ON claim (teacher_id);

CREATE TABLE training_record (
  id INTEGER PRIMARY KEY,
  institution_id INTEGER NOT NULL REFERENCES institution (id),
  source_id INTEGER NOT NULL REFERENCES source (id),
  stream TEXT NOT NULL,
  record_key BLOB NOT NULL,
  kind TEXT NOT NULL,
  claim_id INTEGER NOT NULL REFERENCES claim (id),
  source_version INTEGER NOT NULL,
  activation INTEGER NOT NULL,
  content_digest BLOB NOT NULL,
  flagged INTEGER NOT NULL DEFAULT 0,
  project_code TEXT,
  project_title TEXT,
  course_code TEXT NOT NULL,
  course_title TEXT,
  canonical_course TEXT,
  role TEXT,
  mode TEXT,
  delivery_code TEXT,
  place TEXT,
  period_start TEXT,
  period_end TEXT NOT NULL,
  raw_hours TEXT NOT NULL,
  hours_unit TEXT NOT NULL,
  hours_units INTEGER NOT NULL,
  certificate_number TEXT,
  pass_state TEXT NOT NULL CHECK (pass_state IN ('passed', 'failed', 'not_assessed', 'pending')),
  score_learning INTEGER,
  score_activity INTEGER,
  score_artefact INTEGER,
  grade TEXT,
  manifest_version INTEGER NOT NULL,
  batch_id INTEGER NOT NULL REFERENCES batch (id),
  address TEXT NOT NULL,
  UNIQUE (source_id, stream, record_key)
) STRICT;
CREATE INDEX training_record_claim ON training_record (claim_id);

-- An assessment stands beside the record it came with; the institution is its assessor.
CREATE TABLE assessment (
  id INTEGER PRIMARY KEY,
  source_id INTEGER NOT NULL REFERENCES source (id),
  stream TEXT NOT NULL,
  record_key BLOB NOT NULL,
  assessor TEXT NOT NULL CHECK (assessor IN ('institution', 'school')),
  claim_id INTEGER NOT NULL REFERENCES claim (id),
  project_code TEXT,
  score_learning INTEGER,
  score_activity INTEGER,
  score_artefact INTEGER,
  total_numerator INTEGER NOT NULL,
  total_denominator INTEGER NOT NULL,
  grade TEXT NOT NULL,
  UNIQUE (source_id, stream, record_key, assessor)
) STRICT;

CREATE TABLE credit_entry (
  id INTEGER PRIMARY KEY,
  teacher_id INTEGER NOT NULL REFERENCES teacher (id),
  record_id INTEGER NOT NULL REFERENCES training_record (id),
  outcome TEXT NOT NULL,
  units INTEGER NOT NULL,
  canonical_course TEXT,
  cycle TEXT,
  rule TEXT NOT NULL,
  basis TEXT NOT NULL,
  arithmetic TEXT NOT NULL,
  duplicate_of INTEGER,
  made_at INTEGER NOT NULL,
  superseded_at INTEGER,
  superseded_by INTEGER
) STRICT;
CREATE INDEX credit_entry_current ON credit_entry (teacher_id) WHERE superseded_at IS NULL;

CREATE TABLE settle_mark (
  id INTEGER PRIMARY KEY,
  teacher_id INTEGER NOT NULL,
  batch_id INTEGER NOT NULL
) STRICT;
CREATE INDEX settle_mark_teacher ON settle_mark (teacher_id);

CREATE TABLE dead_letter (
  id INTEGER PRIMARY KEY,
  institution_id INTEGER NOT NULL REFERENCES institution (id),
  source_id INTEGER NOT NULL REFERENCES source (id),
  stream TEXT NOT NULL,
  letter_key BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'discarded')),
  batch_id INTEGER NOT NULL REFERENCES batch (id),
  record_index INTEGER NOT NULL,
  address TEXT NOT NULL,
  record_name TEXT,
  reasons TEXT NOT NULL,
  raw_sealed BLOB NOT NULL,
  manifest_version INTEGER NOT NULL,
  activation INTEGER NOT NULL,
  seen_count INTEGER NOT NULL,
  first_seen_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  UNIQUE (source_id, stream, letter_key)
) STRICT;

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
