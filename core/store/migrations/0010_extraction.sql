-- What a payload was asked for with: the values of its stream's fan-out, a JSON object of texts. NULL without one.
ALTER TABLE payload ADD COLUMN each_values TEXT;

-- The next moment at which a platform may be asked, by the budget that all workers share; microseconds UTC.
CREATE TABLE host_pace (
  host TEXT PRIMARY KEY,
  next_at {int} NOT NULL
){strict};
