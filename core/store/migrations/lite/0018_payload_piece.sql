-- The pieces of a large payload behind its first, which stands in `payload.sealed`; packed and sealed each by itself under
-- the payload's own key.
CREATE TABLE payload_piece (
  payload_id INTEGER NOT NULL REFERENCES payload (id),
  number INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (payload_id, number)
) STRICT;
