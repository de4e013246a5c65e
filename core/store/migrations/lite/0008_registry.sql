-- Connectors registered at run time, every version that was. `wrapped_key` opens `samples`: what the platform may send and
-- what must come of it, as the version passed it.
CREATE TABLE connector_version (
  id INTEGER PRIMARY KEY,
  connector TEXT NOT NULL,
  version INTEGER NOT NULL,
  digest BLOB NOT NULL,
  manifest TEXT NOT NULL,
  wrapped_key BLOB NOT NULL,
  samples BLOB NOT NULL,
  registered_at INTEGER NOT NULL,
  registered_by TEXT NOT NULL,
  because TEXT NOT NULL,
  UNIQUE (connector, version)
) STRICT;

-- Which version of a connector is in use, and whether its sources are read. NULL in version: the one that comes with the
-- program or stands in its directory of manifests.
CREATE TABLE connector_use (
  connector TEXT PRIMARY KEY,
  version INTEGER,
  enabled INTEGER NOT NULL,
  decided_at INTEGER NOT NULL,
  decided_by TEXT NOT NULL,
  because TEXT NOT NULL
) STRICT;

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
  set_at INTEGER NOT NULL,
  set_by TEXT NOT NULL
) STRICT;

-- Passwords and keys of sources, those of a settings file too. `secret_key` is the keyed digest of source and name.
CREATE TABLE source_secret (
  id INTEGER PRIMARY KEY,
  secret_key BLOB NOT NULL UNIQUE,
  source TEXT NOT NULL,
  name TEXT NOT NULL,
  sealed BLOB NOT NULL,
  set_at INTEGER NOT NULL,
  set_by TEXT NOT NULL
) STRICT;

-- Goes up with every change of the four tables above: workers look here.
CREATE TABLE registry_change (
  id INTEGER PRIMARY KEY,
  number INTEGER NOT NULL
) STRICT;
INSERT INTO registry_change (id, number) VALUES (1, 0);
