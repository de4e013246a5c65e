-- Generations of the sealing key. What is sealed is sealed with the current one; a retiring one still opens what a rotation
-- has not sealed anew yet. `check_value` recognises the key.
CREATE TABLE sealing_key (
  generation {int} PRIMARY KEY,
  check_value {bytes} NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('current', 'retiring', 'retired')),
  made_at {int} NOT NULL
){strict};
CREATE UNIQUE INDEX sealing_key_current ON sealing_key (state) WHERE state = 'current';
