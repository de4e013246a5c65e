-- What a batch received as copies: raw records whose content a row has that another batch wrote, or another raw record of the
-- batch. `copies` has 48 bytes for each content: key, digest of the content, version, place in the payload, number of raw
-- records. Kept for the newest batch with the same bytes; bytes that come again are counted by it without being read.
CREATE TABLE batch_copy (
  batch_id {int} PRIMARY KEY,
  copies {bytes} NOT NULL
){strict};
