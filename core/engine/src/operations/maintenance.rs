//! What operations do: migrate, back up, rotate keys.

use std::path::{Path, PathBuf};

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::OperationError;
use crate::database::{self, Make, OpenDatabase};
use crate::deliver;
use crate::runtime::Runtime;
use crate::settings::Settings;
use huiliu_store::admin::sealing;
use huiliu_store::sql::schema::{self, SchemaState};
use huiliu_store::{Db, StoreError};
use huiliu_vault::key_file;

/// Why nothing is backed up, or rotated.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum MaintenanceError {
    /// Only the embedded database is copied.
    #[serde(rename = "backup.server")]
    BackupOfServer,
    /// The copy cannot be written.
    #[serde(rename = "backup.folder")]
    BackupUnwritable {
        /// The folder.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        folder: PathBuf,
        /// What the system, or the database, says.
        why: BackupWriteError,
    },
    /// The key stands in the environment.
    #[serde(rename = "key.environment")]
    KeyInEnvironment,
}

/// What kept a backup from being written.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum BackupWriteError {
    /// The system.
    Io(#[serde(serialize_with = "huiliu_messages::as_system_error")] std::io::Error),
    /// The database.
    Store(Box<StoreError>),
}

said_in_english!(MaintenanceError, BackupWriteError);

impl From<std::io::Error> for BackupWriteError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<StoreError> for BackupWriteError {
    fn from(fault: StoreError) -> Self {
        Self::Store(Box::new(fault))
    }
}

impl MaintenanceError {
    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BackupOfServer => "backup.server",
            Self::BackupUnwritable { .. } => "backup.folder",
            Self::KeyInEnvironment => "key.environment",
        }
    }
}

/// What a migration did.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Migrated {
    /// `sqlite` or `postgresql`.
    pub database: &'static str,
    /// Whether the schema was another before.
    pub changed: bool,
    /// The key file that was made on this occasion.
    pub made_key: Option<PathBuf>,
}

/// Brings the database's schema up to this version, and makes the key of a database that has none.
///
/// # Errors
/// [`OperationError`].
pub async fn migrate(settings: &Settings) -> Result<Migrated, OperationError> {
    let db = database::open_alone(settings, Make::Files).await?;
    let before = database::migrate(settings, &db).await?;
    let made_key = database::make_key_if_none(settings, &db).await;
    let database = db.kind();
    db.close().await;
    Ok(Migrated { database, changed: before != SchemaState::Current, made_key: made_key? })
}

/// A backup of the embedded database.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Backup {
    /// The copy.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// The key file is not in it: without it the copy cannot be read.
    pub key_included: bool,
    /// That key file.
    pub key_file: PathBuf,
}

/// A consistent copy of the embedded database in a folder, under a name that says when.
///
/// # Errors
/// [`MaintenanceError`].
pub async fn back_up(settings: &Settings, folder: &Path) -> Result<Backup, OperationError> {
    let db = database::open_alone(settings, Make::Nothing).await?;
    if let Db::Pg { .. } = db {
        return Err(MaintenanceError::BackupOfServer.into());
    }
    schema::require_current(&db).await?;
    let name = format!("huiliu-{}.db", chrono::Utc::now().format("%Y%m%dT%H%M%S%3fZ"));
    let (part, whole) = (folder.join(format!(".{name}.part")), folder.join(&name));
    let copied = copy(&db, folder, &part, &whole).await;
    db.close().await;
    if let Err(why) = copied {
        let _ = std::fs::remove_file(&part);
        return Err(MaintenanceError::BackupUnwritable { folder: folder.to_owned(), why }.into());
    }
    let bytes = std::fs::metadata(&whole).map_or(0, |told| told.len());
    Ok(Backup { file: whole, bytes, key_included: false, key_file: settings.key_file.clone() })
}

/// Writes the copy under another name first: a file that bears its name is whole.
async fn copy(db: &Db, folder: &Path, part: &Path, whole: &Path) -> Result<(), BackupWriteError> {
    std::fs::create_dir_all(folder)?;
    schema::backup(db, &part.display().to_string()).await?;
    std::fs::File::open(part)?.sync_all()?;
    std::fs::rename(part, whole)?;
    Ok(key_file::sync_folder(whole)?)
}

/// What a rotation of the sealing key did.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Rotated {
    /// The generation that seals from now on.
    pub generation: u8,
    /// Values that were sealed anew.
    pub values: usize,
    /// Whether a rotation that had begun before was finished.
    pub resumed: bool,
    /// The key file, for every host.
    pub key_file: PathBuf,
    /// The old one: backups made before need it.
    pub old_key_file: PathBuf,
}

/// Whether the key can be rotated at all; asked before anything is opened.
///
/// # Errors
/// [`MaintenanceError::KeyInEnvironment`].
pub fn check_rotation() -> Result<(), MaintenanceError> {
    if database::key_of_environment().is_some() { Err(MaintenanceError::KeyInEnvironment) } else { Ok(()) }
}

/// Seals everything anew under another key; then the old key opens nothing any more. Stopped in between, it goes on when it
/// is called again.
///
/// # Errors
/// [`MaintenanceError::KeyInEnvironment`], [`OperationError::KeyFile`], [`OperationError::Store`].
pub async fn rotate_keys(settings: &Settings, opened: &OpenDatabase) -> Result<Rotated, OperationError> {
    check_rotation()?;
    let path = &settings.key_file;
    // Two at once would make two keys for one generation.
    let _only = key_file::lock(path)?;
    let mut ring = key_file::read(path)?;
    let unrotated = ring.clone();
    let resumed = ring.generations().len() > 1;
    if !resumed {
        let generation = ring.add().map_err(database::OpenError::Key)?;
        key_file::keep(path, &key_file::before_generation(path, generation))?;
        key_file::replace(path, &ring)?;
    }
    let keys = ring.keys().map_err(database::OpenError::Key)?;
    if let Err(fault) = sealing::begin(&opened.db, &keys).await {
        // Begun elsewhere with another key: ours has sealed nothing, and must not look as if it had.
        if !resumed && matches!(fault, StoreError::KeyGeneration { .. }) {
            key_file::replace(path, &unrotated)?;
        }
        return Err(fault.into());
    }
    let values = sealing::seal_anew(&opened.db, &keys, &|n| tracing::info!(values = n, "sealed anew")).await?;
    sealing::finish(&opened.db).await?;
    ring.keep_newest();
    key_file::replace(path, &ring)?;
    let generation = keys.current();
    let old_key_file = key_file::before_generation(path, generation);
    Ok(Rotated { generation, values, resumed, key_file: path.clone(), old_key_file })
}

/// Delivers one batch alone in this process, however often its claim was lost.
///
/// # Errors
/// [`OperationError::Store`].
pub async fn deliver_alone(runtime: &Runtime, batch: i64) -> Result<(), OperationError> {
    deliver::deliver(&runtime.delivery, batch, true).await?;
    Ok(())
}
