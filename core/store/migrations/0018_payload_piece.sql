-- The pieces of a large payload behind its first, which stands in `payload.sealed`; packed and sealed each by itself under
-- the payload's own key.
CREATE TABLE payload_piece (
  payload_id {int} NOT NULL REFERENCES payload (id),
  number {int} NOT NULL,
  sealed {bytes} NOT NULL,
  PRIMARY KEY (payload_id, number)
){strict};
{pg}-- Sealed bytes do not pack.
{pg}ALTER TABLE payload_piece ALTER sealed SET STORAGE EXTERNAL;
