-- A replay: dead letters through today's manifests and rules. It is planned first, with every effect written down, and
-- applied only while all of that still holds.
CREATE TABLE replay (
  id INTEGER PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('planning', 'planned', 'applied', 'stale')),
  filter TEXT NOT NULL,
  activations TEXT NOT NULL,
  planned_at INTEGER NOT NULL,
  planned_by TEXT NOT NULL,
  applied_at INTEGER,
  applied_by TEXT,
  letters INTEGER NOT NULL DEFAULT 0,
  moved TEXT
) STRICT;

-- What becomes of each raw record. `detail` is what the record says then, or why it stays parked: JSON.
CREATE TABLE replay_item (
  replay_id INTEGER NOT NULL REFERENCES replay (id),
  batch_id INTEGER NOT NULL,
  record_index INTEGER NOT NULL,
  letter_id INTEGER NOT NULL,
  address TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('inserted', 'updated', 'unchanged', 'superseded', 'parked')),
  record_key BLOB,
  detail TEXT NOT NULL,
  PRIMARY KEY (replay_id, batch_id, record_index)
) STRICT;

-- What it does to each teacher whose entries change; `person` is the blind index of who is no teacher yet.
CREATE TABLE replay_teacher (
  replay_id INTEGER NOT NULL REFERENCES replay (id),
  person TEXT NOT NULL,
  teacher_id INTEGER,
  units_before INTEGER NOT NULL,
  units_after INTEGER NOT NULL,
  provisional_before INTEGER NOT NULL,
  provisional_after INTEGER NOT NULL,
  entries_changed INTEGER NOT NULL,
  PRIMARY KEY (replay_id, person)
) STRICT;

-- What a letter became, and by which replay.
ALTER TABLE dead_letter ADD COLUMN record_id INTEGER;
ALTER TABLE dead_letter ADD COLUMN replay_id INTEGER;
