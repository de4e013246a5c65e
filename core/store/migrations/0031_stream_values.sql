-- Statistics of the values of each stream's accepted records, which a batch is compared with: a bounded JSON text. They are
-- of one version of the manifest, because another version may read other values.
CREATE TABLE stream_values (
  source_id {int} NOT NULL,
  stream TEXT NOT NULL,
  manifest_version {int} NOT NULL,
  statistics TEXT NOT NULL,
  PRIMARY KEY (source_id, stream)
){strict};
