//! Opens the database and its keys, for commands that read or write.

use std::path::{Path, PathBuf};

use huiliu_messages::said_in_english;
use serde::Serialize;

use crate::audit_heads::HeadFile;
use crate::settings::Settings;
use huiliu_store::sql::schema::{self, SchemaState};
use huiliu_store::{Db, StoreError};
use huiliu_vault::key_file::{self, KeyFileError};
use huiliu_vault::keyring::Keyring;
use huiliu_vault::keys::{KeyError, Keys};

/// What may be created if it does not exist yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayCreate {
    /// Nothing: a mistyped address must not look like an empty database.
    Nothing,
    /// The embedded database's files, and the key.
    Files,
    /// The same, and the schema in an empty database of a server.
    Schema,
}

/// Why the database, or its keys, cannot be opened.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum OpenError {
    /// There is no database, and none may be created.
    #[serde(rename = "database.none")]
    NoDatabase {
        /// The path or address that was tried.
        database: String,
    },
    /// The data directory cannot be written to.
    #[serde(rename = "data_dir.unwritable")]
    DataDir {
        /// The data directory.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        dir: PathBuf,
        /// The operating system's error.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        source: std::io::Error,
    },
    /// The lock file that keeps two processes from opening the embedded files at once cannot be locked.
    #[serde(rename = "data_dir.lock")]
    Lock {
        /// The lock file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// The operating system's error.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        source: std::io::Error,
    },
    /// The database was created with a key, and the key file is gone.
    #[serde(rename = "key.missing")]
    KeyMissing {
        /// The path that was tried.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
    },
    /// There is no key yet, and none may be created.
    #[serde(rename = "key.none_yet")]
    NoKeyYet {
        /// The path that was tried.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
    },
    /// The database is older than a rotation of the key, and the keys are newer.
    #[serde(rename = "key.before_rotation")]
    BeforeRotation {
        /// The key generation that the database needs.
        needs: i64,
        #[serde(serialize_with = "huiliu_messages::as_path")]
        key_file: PathBuf,
        /// Where the rotation saved the key file of that generation.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        kept: PathBuf,
        /// Whether the saved file exists.
        there: bool,
    },
    /// HUILIU_KEY holds something other than a key.
    #[serde(rename = "key.text")]
    KeyText { why: KeyError },
    /// The key file holds no working keys.
    #[serde(untagged)]
    Key(KeyError),
    /// The key file cannot be read or written.
    #[serde(untagged)]
    KeyFile(KeyFileError),
    /// The database failed.
    #[serde(untagged)]
    Store(StoreError),
}

said_in_english!(OpenError);

impl From<KeyError> for OpenError {
    fn from(fault: KeyError) -> Self {
        Self::Key(fault)
    }
}

impl From<KeyFileError> for OpenError {
    fn from(error: KeyFileError) -> Self {
        Self::KeyFile(error)
    }
}

impl From<StoreError> for OpenError {
    fn from(fault: StoreError) -> Self {
        Self::Store(fault)
    }
}

impl OpenError {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoDatabase { .. } => "database.none",
            Self::DataDir { .. } => "data_dir",
            Self::Lock { .. } => "data_dir.lock",
            Self::KeyMissing { .. } | Self::NoKeyYet { .. } => "key.missing",
            Self::BeforeRotation { .. } => "key.rotated_since",
            Self::KeyText { .. } | Self::Key(_) => "key.form",
            Self::KeyFile(_) => "key_file",
            Self::Store(fault) => fault.code(),
        }
    }
}

/// An open database with its keys.
#[derive(Debug, Clone)]
pub struct OpenDatabase {
    /// The database.
    pub db: Db,
    /// The keys that open it.
    pub keys: Keys,
    /// The key file, if this call created it.
    pub made_key: Option<PathBuf>,
}

impl OpenDatabase {
    /// Opens the database and its keys. Migrates an embedded database. Any other database must have the current
    /// schema, unless it is empty and `make` allows its schema to be created.
    ///
    /// # Errors
    /// [`OpenError`] if that fails.
    pub async fn open(settings: &Settings, make: MayCreate) -> Result<Self, OpenError> {
        let db = open_without_keys(settings, make).await?;
        let embedded = matches!(db, Db::Sqlite { .. });
        // Without a data directory there is no other process to lock out.
        let locking = embedded && (make != MayCreate::Nothing || settings.data_dir.is_dir());
        let _lock = if locking { Some(lock_data_dir(&settings.data_dir)?) } else { None };
        let empty = schema::read_state(&db).await? == SchemaState::Empty;
        if embedded && empty && make == MayCreate::Nothing {
            return Err(no_database_error(settings));
        }
        let may_migrate = embedded || make == MayCreate::Schema && empty;
        if !may_migrate {
            schema::require_current(&db).await?;
        }
        let (ring, made_key) = open_keys(settings, &db, empty, make).await?;
        if may_migrate {
            migrate_with_backup(settings, &db).await?;
        }
        let keys = check_key(settings, &db, &ring).await?;
        db.set_keys(&keys);
        db.set_head_keeper(Box::new(HeadFile::new(settings)));
        Ok(Self { db, keys, made_key })
    }

    /// Closes the database.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

/// Returns whether the database file exists. For a server, always true: it may have one.
#[must_use]
pub fn database_exists(settings: &Settings) -> bool {
    settings.database.strip_prefix("sqlite:").is_none_or(|path| Path::new(path).is_file())
}

fn no_database_error(settings: &Settings) -> OpenError {
    OpenError::NoDatabase { database: settings.database.trim_start_matches("sqlite:").to_owned() }
}

/// Opens the database without its keys.
///
/// # Errors
/// [`OpenError`] if that fails.
pub async fn open_without_keys(settings: &Settings, make: MayCreate) -> Result<Db, OpenError> {
    if make == MayCreate::Nothing && !database_exists(settings) {
        return Err(no_database_error(settings));
    }
    if make != MayCreate::Nothing && settings.database.starts_with("sqlite:") {
        make_folder(&settings.data_dir)?;
    }
    let connections = u32::try_from(settings.workers).unwrap_or(2) * 2 + 4;
    Ok(Db::open(&settings.database, connections).await?)
}

/// Creates a folder, and checks that it can be written to.
///
/// # Errors
/// [`OpenError::DataDir`] if it cannot be written to.
pub fn make_folder(dir: &Path) -> Result<(), OpenError> {
    let unwritable = |source| OpenError::DataDir { dir: dir.to_owned(), source };
    create_folder(dir).map_err(unwritable)?;
    let probe = dir.join(format!(".probe-{}", std::process::id()));
    std::fs::write(&probe, b"").map_err(unwritable)?;
    std::fs::remove_file(&probe).map_err(unwritable)
}

/// Creates a folder with those above it, so that their names last.
fn create_folder(dir: &Path) -> std::io::Result<()> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<&Path> = dir.ancestors().take_while(is_missing).collect();
    std::fs::create_dir_all(dir)?;
    missing.into_iter().try_for_each(key_file::sync_folder)
}

/// Locks the data directory until the returned file is dropped, so that no other process opens the embedded files: two
/// processes that create the schema at once would conflict.
///
/// # Errors
/// [`OpenError::Lock`], [`OpenError::DataDir`].
pub fn lock_data_dir(dir: &Path) -> Result<std::fs::File, OpenError> {
    make_folder(dir)?;
    let file = dir.join(".opening");
    let locked = std::fs::File::create(&file).and_then(|f| f.lock().map(|()| f));
    locked.map_err(|source| OpenError::Lock { file, source })
}

/// Migrates the schema. Backs up the file of an embedded database first. Returns the previous state of the schema.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn migrate_with_backup(settings: &Settings, db: &Db) -> Result<SchemaState, StoreError> {
    let state = schema::read_state(db).await?;
    if let (SchemaState::Behind { applied, .. }, Some(path)) = (state, settings.database.strip_prefix("sqlite:")) {
        let copy = format!("{path}.before-{}", applied + 1);
        if !Path::new(&copy).exists() {
            schema::write_backup(db, &copy).await?;
        }
    }
    schema::migrate(db).await
}

/// Returns HUILIU_KEY if it is set and not empty.
#[must_use]
pub fn key_from_env() -> Option<String> {
    std::env::var("HUILIU_KEY").ok().filter(|text| !text.is_empty())
}

/// Checks the keys against the database. Returns the keys to use it with.
async fn check_key(settings: &Settings, db: &Db, ring: &Keyring) -> Result<Keys, OpenError> {
    match schema::check_key(db, &ring.build_keys()?).await {
        Err(StoreError::KeyRotatedSince { needs, .. }) => {
            let key_file = settings.key_file.clone();
            let after = u8::try_from(needs + 1).unwrap_or(u8::MAX);
            let kept = key_file::backup_path(&key_file, after);
            let there = kept.exists();
            Err(OpenError::BeforeRotation { needs, key_file, kept, there })
        }
        other => Ok(other?),
    }
}

/// Opens the keys for a copy of a database that is about to replace it: the same keys as the database's. Migrates the
/// copy's schema.
///
/// # Errors
/// [`OpenError`] if the keys do not match.
pub async fn open_copy(settings: &Settings, db: Db) -> Result<OpenDatabase, OpenError> {
    let (ring, made_key) = open_keys(settings, &db, false, MayCreate::Nothing).await?;
    schema::migrate(&db).await?;
    let keys = check_key(settings, &db, &ring).await?;
    db.set_keys(&keys);
    Ok(OpenDatabase { db, keys, made_key })
}

/// Reads the keys from HUILIU_KEY, else from the key file. Creates a key only for a database that has none, and only
/// if `may` allows it.
async fn open_keys(
    settings: &Settings,
    db: &Db,
    empty: bool,
    may: MayCreate,
) -> Result<(Keyring, Option<PathBuf>), OpenError> {
    if let Some(text) = key_from_env() {
        return Ok((Keyring::parse(&text).map_err(|why| OpenError::KeyText { why })?, None));
    }
    let path = &settings.key_file;
    let mut made = None;
    if !path.exists() {
        if !empty && schema::has_key(db).await? {
            return Err(OpenError::KeyMissing { path: path.clone() });
        }
        if may == MayCreate::Nothing {
            return Err(OpenError::NoKeyYet { path: path.clone() });
        }
        made = make_key(path)?;
    }
    Ok((key_file::read_keyring(path)?, made))
}

/// Creates a key for a database that has none, unless HUILIU_KEY or the key file exists. Returns the created file.
///
/// # Errors
/// [`OpenError`] if that fails.
pub async fn make_key_if_none(settings: &Settings, db: &Db) -> Result<Option<PathBuf>, OpenError> {
    let there = key_from_env().is_some() || settings.key_file.exists();
    if there || schema::has_key(db).await? { Ok(None) } else { make_key(&settings.key_file) }
}

fn make_key(path: &Path) -> Result<Option<PathBuf>, OpenError> {
    if let Some(dir) = path.parent() {
        make_folder(dir)?;
    }
    Ok(key_file::create_key_file(path)?.then(|| path.to_owned()))
}
