//! Opens the database and its keys, for whoever asks or acts.

use std::path::{Path, PathBuf};

use huiliu_messages::said_in_english;
use serde::Serialize;

use crate::settings::Settings;
use huiliu_store::sql::schema::{self, SchemaState};
use huiliu_store::{Db, StoreError};
use huiliu_vault::key_file::{self, KeyFileError};
use huiliu_vault::keyring::Keyring;
use huiliu_vault::keys::{KeyError, Keys};

/// What may be made where there is nothing yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Make {
    /// Nothing: a mistyped address must not look like an empty database.
    Nothing,
    /// The embedded files, and the key.
    Files,
    /// Those, and the schema in an empty database of a server.
    Schema,
}

/// Why the database, or its keys, cannot be opened.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum OpenError {
    /// There is none, and none was to be made.
    #[serde(rename = "database.none")]
    NoDatabase {
        /// Where it was looked for.
        database: String,
    },
    /// Nothing can be written in the data directory.
    #[serde(rename = "data_dir.unwritable")]
    DataDir {
        /// The directory.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        dir: PathBuf,
        /// What the system says.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        source: std::io::Error,
    },
    /// The file that lets one process at a time open the embedded files cannot be locked.
    #[serde(rename = "data_dir.lock")]
    Lock {
        /// The file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// What the system says.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        source: std::io::Error,
    },
    /// The database was made with a key, and its file is gone.
    #[serde(rename = "key.missing")]
    KeyMissing {
        /// Where it was looked for.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
    },
    /// There is no key yet, and none was to be made.
    #[serde(rename = "key.none_yet")]
    NoKeyYet {
        /// Where it was looked for.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
    },
    /// The database is from before a rotation of the key, and the keys are of after it.
    #[serde(rename = "key.before_rotation")]
    BeforeRotation {
        /// The generation that the database needs.
        needs: i64,
        /// The key file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        key_file: PathBuf,
        /// Where the rotation kept the key file of that time.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        kept: PathBuf,
        /// Whether it is there.
        there: bool,
    },
    /// HUILIU_KEY holds something else than a key.
    #[serde(rename = "key.text")]
    KeyText { why: KeyError },
    /// The key file holds no working keys.
    #[serde(untagged)]
    Key(KeyError),
    /// The key file.
    #[serde(untagged)]
    KeyFile(KeyFileError),
    /// The database.
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
    /// A stable code, for programs.
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
    /// Its keys.
    pub keys: Keys,
    /// The key file that was made on this occasion.
    pub made_key: Option<PathBuf>,
}

impl OpenDatabase {
    /// Opens database and keys. The embedded database is migrated; any other must be current already, unless it is empty and
    /// its schema may be made.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(settings: &Settings, make: Make) -> Result<Self, OpenError> {
        let db = open_alone(settings, make).await?;
        let embedded = matches!(db, Db::Sqlite { .. });
        // Where the folder is missing there is nothing to be alone with.
        let locking = embedded && (make != Make::Nothing || settings.data_dir.is_dir());
        let _lock = if locking { Some(lock(&settings.data_dir)?) } else { None };
        let empty = schema::state(&db).await? == SchemaState::Empty;
        if embedded && empty && make == Make::Nothing {
            return Err(no_database(settings));
        }
        let may_migrate = embedded || make == Make::Schema && empty;
        if !may_migrate {
            schema::require_current(&db).await?;
        }
        let (ring, made_key) = open_keys(settings, &db, empty, make).await?;
        if may_migrate {
            migrate(settings, &db).await?;
        }
        let keys = check_key(settings, &db, &ring).await?;
        Ok(Self { db, keys, made_key })
    }

    /// Closes it.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

/// Whether there is a database to look into; a server may have one.
#[must_use]
pub fn is_there(settings: &Settings) -> bool {
    settings.database.strip_prefix("sqlite:").is_none_or(|path| Path::new(path).is_file())
}

fn no_database(settings: &Settings) -> OpenError {
    OpenError::NoDatabase { database: settings.database.trim_start_matches("sqlite:").to_owned() }
}

/// Opens the database without its keys.
///
/// # Errors
/// [`OpenError`].
pub async fn open_alone(settings: &Settings, make: Make) -> Result<Db, OpenError> {
    if make == Make::Nothing && !is_there(settings) {
        return Err(no_database(settings));
    }
    if make != Make::Nothing && settings.database.starts_with("sqlite:") {
        make_folder(&settings.data_dir)?;
    }
    let connections = u32::try_from(settings.workers).unwrap_or(2) * 2 + 4;
    Ok(Db::open(&settings.database, connections).await?)
}

/// Makes a folder that can be written in.
///
/// # Errors
/// [`OpenError::DataDir`].
pub fn make_folder(dir: &Path) -> Result<(), OpenError> {
    let unwritable = |source| OpenError::DataDir { dir: dir.to_owned(), source };
    std::fs::create_dir_all(dir).map_err(unwritable)?;
    let probe = dir.join(format!(".probe-{}", std::process::id()));
    std::fs::write(&probe, b"").map_err(unwritable)?;
    std::fs::remove_file(&probe).map_err(unwritable)
}

/// Until it is dropped no other process opens the embedded files: two that make one schema at once are in each other's way.
///
/// # Errors
/// [`OpenError::Lock`], [`OpenError::DataDir`].
pub fn lock(dir: &Path) -> Result<std::fs::File, OpenError> {
    make_folder(dir)?;
    let file = dir.join(".opening");
    let locked = std::fs::File::create(&file).and_then(|f| f.lock().map(|()| f));
    locked.map_err(|source| OpenError::Lock { file, source })
}

/// Migrates: the embedded database after a backup of its file. Gives what the schema was before.
///
/// # Errors
/// [`StoreError`].
pub async fn migrate(settings: &Settings, db: &Db) -> Result<SchemaState, StoreError> {
    let state = schema::state(db).await?;
    if let (SchemaState::Behind { applied, .. }, Some(path)) = (state, settings.database.strip_prefix("sqlite:")) {
        let copy = format!("{path}.before-{}", applied + 1);
        if !Path::new(&copy).exists() {
            schema::backup(db, &copy).await?;
        }
    }
    schema::migrate(db).await
}

/// HUILIU_KEY, if it is set.
#[must_use]
pub fn key_of_environment() -> Option<String> {
    std::env::var("HUILIU_KEY").ok().filter(|text| !text.is_empty())
}

/// The keys as the database is to be used with.
async fn check_key(settings: &Settings, db: &Db, ring: &Keyring) -> Result<Keys, OpenError> {
    match schema::check_key(db, &ring.keys()?).await {
        Err(StoreError::KeyRotatedSince { needs, .. }) => {
            let key_file = settings.key_file.clone();
            let after = u8::try_from(needs + 1).unwrap_or(u8::MAX);
            let kept = key_file::before_generation(&key_file, after);
            let there = kept.exists();
            Err(OpenError::BeforeRotation { needs, key_file, kept, there })
        }
        other => Ok(other?),
    }
}

/// Keys for a copy of a database that is about to take its place: those that the database is used with. The copy's schema
/// is brought up to date.
///
/// # Errors
/// [`OpenError`] when they do not fit.
pub async fn open_copy(settings: &Settings, db: Db) -> Result<OpenDatabase, OpenError> {
    let (ring, made_key) = open_keys(settings, &db, false, Make::Nothing).await?;
    schema::migrate(&db).await?;
    let keys = check_key(settings, &db, &ring).await?;
    Ok(OpenDatabase { db, keys, made_key })
}

/// The keys of HUILIU_KEY, or of the key file; made only for a database that has none yet, and where that is allowed.
async fn open_keys(
    settings: &Settings,
    db: &Db,
    empty: bool,
    may: Make,
) -> Result<(Keyring, Option<PathBuf>), OpenError> {
    if let Some(text) = key_of_environment() {
        return Ok((Keyring::parse(&text).map_err(|why| OpenError::KeyText { why })?, None));
    }
    let path = &settings.key_file;
    let mut made = None;
    if !path.exists() {
        if !empty && schema::has_key(db).await? {
            return Err(OpenError::KeyMissing { path: path.clone() });
        }
        if may == Make::Nothing {
            return Err(OpenError::NoKeyYet { path: path.clone() });
        }
        made = make_key(path)?;
    }
    Ok((key_file::read(path)?, made))
}

/// Makes the key of a database that has none, unless there is one; gives the file that was made.
///
/// # Errors
/// [`OpenError`].
pub async fn make_key_if_none(settings: &Settings, db: &Db) -> Result<Option<PathBuf>, OpenError> {
    let there = key_of_environment().is_some() || settings.key_file.exists();
    if there || schema::has_key(db).await? { Ok(None) } else { make_key(&settings.key_file) }
}

fn make_key(path: &Path) -> Result<Option<PathBuf>, OpenError> {
    if let Some(dir) = path.parent() {
        make_folder(dir)?;
    }
    Ok(key_file::make(path)?.then(|| path.to_owned()))
}
