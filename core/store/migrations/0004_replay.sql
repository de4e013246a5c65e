-- A replay: dead letters through today's manifests and rules. It is planned first, with every effect written down, and
-- applied only while all of that still holds.
CREATE TABLE replay (
  id {id},
  state TEXT NOT NULL CHECK (state IN ('planning', 'planned', 'applied', 'stale')),
  filter TEXT NOT NULL,
  activations TEXT NOT NULL,
  planned_at {int} NOT NULL,
  planned_by TEXT NOT NULL,
  applied_at {int},
  applied_by TEXT,
  letters {int} NOT NULL DEFAULT 0,
  moved TEXT
){strict};

-- What becomes of each raw record. `detail` is what the record says then, or why it stays parked: JSON.
CREATE TABLE replay_item (
  replay_id {int} NOT NULL REFERENCES replay (id),
  batch_id {int} NOT NULL,
  record_index {int} NOT NULL,
  letter_id {int} NOT NULL,
  address TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('inserted', 'updated', 'unchanged', 'superseded', 'parked')),
  record_key {bytes},
  detail TEXT NOT NULL,
  PRIMARY KEY (replay_id, batch_id, record_index)
){strict};

-- What it does to each teacher whose entries change; `person` is the blind index of who is no teacher yet.
CREATE TABLE replay_teacher (
  replay_id {int} NOT NULL REFERENCES replay (id),
  person TEXT NOT NULL,
  teacher_id {int},
  units_before {int} NOT NULL,
  units_after {int} NOT NULL,
  provisional_before {int} NOT NULL,
  provisional_after {int} NOT NULL,
  entries_changed {int} NOT NULL,
  PRIMARY KEY (replay_id, person)
){strict};

-- What a letter became, and by which replay.
ALTER TABLE dead_letter ADD COLUMN record_id {int};
ALTER TABLE dead_letter ADD COLUMN replay_id {int};
