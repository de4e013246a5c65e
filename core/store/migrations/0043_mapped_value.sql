-- A mapped value is read in the place of one that was received: in every raw record of the stream that is parked because of that
-- field. Both values are sealed, since they may be ID numbers; the key is a keyed digest of source, stream, field and value.
CREATE TABLE mapped_value (
  id {id},
  mapped_key {bytes} NOT NULL UNIQUE,
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  field TEXT NOT NULL,
  dead_letter_id {int} NOT NULL,
  received_sealed {bytes} NOT NULL,
  sealed {bytes} NOT NULL,
  actor TEXT NOT NULL,
  because TEXT NOT NULL,
  made_at {int} NOT NULL,
  withdrawn_at {int}
){strict};
CREATE INDEX mapped_value_stream ON mapped_value (source_id, stream) WHERE withdrawn_at IS NULL;
