-- Connectors registered at run time, every version that was. `wrapped_key` opens `samples`: what the platform may send and
-- what must come of it, as the version passed it.
CREATE TABLE connector_version (
  id {id},
  connector TEXT NOT NULL,
  version {int} NOT NULL,
  digest {bytes} NOT NULL,
  manifest TEXT NOT NULL,
  wrapped_key {bytes} NOT NULL,
  samples {bytes} NOT NULL,
  registered_at {int} NOT NULL,
  registered_by TEXT NOT NULL,
  because TEXT NOT NULL,
  UNIQUE (connector, version)
){strict};

-- Which version of a connector is in use, and whether its sources are read. NULL in version: the one that comes with the
-- program or stands in its directory of manifests.
CREATE TABLE connector_use (
  connector TEXT PRIMARY KEY,
  version {int},
  enabled {int} NOT NULL,
  decided_at {int} NOT NULL,
  decided_by TEXT NOT NULL,
  because TEXT NOT NULL
){strict};

-- Sources that stand in no settings file. `settings` is a JSON object of texts.
CREATE TABLE registered_source (
  name TEXT PRIMARY KEY,
  connector TEXT NOT NULL,
  institution_code TEXT NOT NULL,
  institution_name TEXT NOT NULL,
  base_url TEXT NOT NULL,
  user_name TEXT NOT NULL,
  folder TEXT NOT NULL,
  schedule TEXT NOT NULL,
  settings TEXT NOT NULL,
  set_at {int} NOT NULL,
  set_by TEXT NOT NULL
){strict};

-- Passwords and keys of sources, those of a settings file too. `secret_key` is the keyed digest of source and name.
CREATE TABLE source_secret (
  id {id},
  secret_key {bytes} NOT NULL UNIQUE,
  source TEXT NOT NULL,
  name TEXT NOT NULL,
  sealed {bytes} NOT NULL,
  set_at {int} NOT NULL,
  set_by TEXT NOT NULL
){strict};

-- Goes up with every change of the four tables above: workers look here.
CREATE TABLE registry_change (
  id {int} PRIMARY KEY,
  number {int} NOT NULL
){strict};
INSERT INTO registry_change (id, number) VALUES (1, 0);
