-- Rule packs, the crosswalk, the matching weights and the regions, every version that was registered. `digest` is of the
-- parsed content. A pack's name and version are those of its file; the other three are named after their kind.
CREATE TABLE rule_object (
  id {id},
  kind TEXT NOT NULL CHECK (kind IN ('pack', 'courses', 'matching', 'regions')),
  name TEXT NOT NULL,
  version {int} NOT NULL,
  digest {bytes} NOT NULL,
  content TEXT NOT NULL,
  registered_at {int} NOT NULL,
  registered_by TEXT NOT NULL,
  because TEXT NOT NULL,
  UNIQUE (name, version)
){strict};

-- Which versions an activation of the kind `rules` made the rules in force, who did it and why. `replaced` is the activation
-- before it, 0 for the first.
CREATE TABLE rule_activation (
  activation {int} PRIMARY KEY,
  replaced {int} NOT NULL,
  activated_by TEXT NOT NULL,
  because TEXT NOT NULL
){strict};
CREATE TABLE rule_set (
  activation {int} NOT NULL,
  object_id {int} NOT NULL,
  PRIMARY KEY (activation, object_id)
){without_rowid};

-- Goes up whenever all entries may depend on something else: other rules, or a decision about a course. `activation` is that
-- of the rules in force, 0 as long as there are none.
CREATE TABLE ledger_change (
  id {int} PRIMARY KEY,
  number {int} NOT NULL,
  activation {int} NOT NULL
){strict};
INSERT INTO ledger_change (id, number, activation) VALUES (1, 0, 0);

-- Groups of teachers who wait to be marked: those with a record of a course, with a record that ends within days, or with a
-- claim under another name. Rows are only added; settlement turns them into marks of teachers.
CREATE TABLE group_mark (
  id {id},
  kind TEXT NOT NULL CHECK (kind IN ('course', 'days', 'names')),
  connector TEXT,
  course_code TEXT,
  first_day TEXT,
  last_day TEXT
){strict};
