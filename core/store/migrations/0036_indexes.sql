-- A server without statistics takes a partial index on open letters for nearly empty, and reads it as a whole instead of finding
-- a letter by its key. Statements with a key therefore say `state || '' = 'open'`, which fits no partial index; this one finds
-- letters by what they say.
CREATE INDEX dead_letter_blocking_key ON dead_letter (blocking_key, blocking_fields, source_id, stream)
  WHERE blocking_key IS NOT NULL;
-- The same of notices: only a statement that says `source_id + 0` finds them by their stream.
DROP INDEX record_notice_stream;
CREATE INDEX record_notice_stream ON record_notice ((source_id + 0), stream);
