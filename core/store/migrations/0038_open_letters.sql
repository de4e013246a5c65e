-- A server without statistics found the letters of a set of blocking fields by this index of all open letters of a stream, and
-- read every one of them. Only a statement that says `source_id + 0` uses it now. With the batch, it finds the letters that came
-- after one, too.
DROP INDEX dead_letter_open_stream;
CREATE INDEX dead_letter_open_stream ON dead_letter ((source_id + 0), stream, batch_id) WHERE state = 'open';
