-- The pieces of a large payload behind its first, which stands in `payload.sealed`; packed and sealed each by itself under
-- the payload's own key.
CREATE TABLE payload_piece (
  payload_id BIGINT NOT NULL REFERENCES payload (id),
  number BIGINT NOT NULL,
  sealed BYTEA NOT NULL,
  PRIMARY KEY (payload_id, number)
);
-- Sealed bytes do not pack.
ALTER TABLE payload_piece ALTER sealed SET STORAGE EXTERNAL;
