-- When each source is to be read next, and whose turn it is now. A turn is claimed by compare-and-set, holds as long as its
-- lease is renewed, and is the fencing number of every page that lands. NULL in next_at: never by itself.
CREATE TABLE schedule (
  source_id {int} PRIMARY KEY REFERENCES source (id),
  expression TEXT NOT NULL,
  next_at {int},
  failures {int} NOT NULL DEFAULT 0,
  turn {int} NOT NULL DEFAULT 0,
  holder TEXT,
  lease_until {int}
){strict};
CREATE INDEX sync_run_source ON sync_run (source_id, id);
