//! Maintenance: migrates, backs up, and rotates keys.

use std::path::{Path, PathBuf};

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::OperationError;
use crate::database::{self, MayCreate, OpenDatabase};
use crate::deliver;
use crate::log_event::LogEvent;
use crate::runtime::Runtime;
use crate::settings::Settings;
use huiliu_store::admin::sealing;
use huiliu_store::sql::schema::{self, SchemaState};
use huiliu_store::{Db, StoreError};
use huiliu_vault::key_file;

/// Why a backup or a rotation is refused.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum MaintenanceError {
    /// The database is on a server; only an embedded database can be backed up this way.
    #[serde(rename = "backup.server")]
    BackupOfServer,
    /// The backup cannot be written.
    #[serde(rename = "backup.folder")]
    BackupUnwritable {
        /// The folder of the backup.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        folder: PathBuf,
        /// The error of the operating system or the database.
        why: BackupWriteError,
    },
    /// The key comes from the environment, so it cannot be rotated.
    #[serde(rename = "key.environment")]
    KeyInEnvironment,
}

/// What kept a backup from being written.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum BackupWriteError {
    /// An error of the operating system.
    Io(#[serde(serialize_with = "huiliu_messages::as_system_error")] std::io::Error),
    /// An error of the database.
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
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BackupOfServer => "backup.server",
            Self::BackupUnwritable { .. } => "backup.folder",
            Self::KeyInEnvironment => "key.environment",
        }
    }
}

/// The result of a migration.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Migrated {
    /// `sqlite` or `postgresql`.
    pub database: &'static str,
    /// Whether the schema was changed.
    pub changed: bool,
    /// The key file, if this migration created it.
    pub made_key: Option<PathBuf>,
}

/// Migrates the database's schema to this version, and creates a key for a database that has none.
///
/// # Errors
/// [`OperationError`].
pub async fn migrate(settings: &Settings) -> Result<Migrated, OperationError> {
    let db = database::open_without_keys(settings, MayCreate::Files).await?;
    let before = database::migrate_with_backup(settings, &db).await?;
    let made_key = database::make_key_if_none(settings, &db).await;
    let database = db.kind();
    db.close().await;
    Ok(Migrated { database, changed: before != SchemaState::Current, made_key: made_key? })
}

/// A backup of the embedded database.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Backup {
    /// The path of the copy.
    pub file: PathBuf,
    /// The size of the copy in bytes.
    pub bytes: u64,
    /// Always false: the key file is not in the backup, and the backup cannot be read without it.
    pub key_included: bool,
    /// The key file to back up separately.
    pub key_file: PathBuf,
}

/// Copies the embedded database consistently into a folder. The time is part of the file name.
///
/// # Errors
/// [`MaintenanceError`].
pub async fn back_up(settings: &Settings, folder: &Path) -> Result<Backup, OperationError> {
    let db = database::open_without_keys(settings, MayCreate::Nothing).await?;
    if let Db::Pg { .. } = db {
        return Err(MaintenanceError::BackupOfServer.into());
    }
    schema::require_current(&db).await?;
    let name = format!("huiliu-{}.db", chrono::Utc::now().format("%Y%m%dT%H%M%S%3fZ"));
    let (part, whole) = (folder.join(format!(".{name}.part")), folder.join(&name));
    let copied = copy_database(&db, folder, &part, &whole).await;
    db.close().await;
    if let Err(why) = copied {
        let _ = std::fs::remove_file(&part);
        return Err(MaintenanceError::BackupUnwritable { folder: folder.to_owned(), why }.into());
    }
    let bytes = std::fs::metadata(&whole).map_or(0, |told| told.len());
    Ok(Backup { file: whole, bytes, key_included: false, key_file: settings.key_file.clone() })
}

/// Writes the copy under a temporary name first, so that a file with the final name is always complete.
async fn copy_database(db: &Db, folder: &Path, part: &Path, whole: &Path) -> Result<(), BackupWriteError> {
    std::fs::create_dir_all(folder)?;
    schema::write_backup(db, &part.display().to_string()).await?;
    std::fs::File::open(part)?.sync_all()?;
    std::fs::rename(part, whole)?;
    Ok(key_file::sync_folder(whole)?)
}

/// The result of a rotation of the sealing key.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Rotated {
    /// The key generation that seals from now on.
    pub generation: u8,
    /// Number of values that were sealed again.
    pub values: usize,
    /// Whether this completed a rotation that was interrupted.
    pub resumed: bool,
    /// The new key file, to be copied to every host.
    pub key_file: PathBuf,
    /// The old key file, which older backups need.
    pub old_key_file: PathBuf,
}

/// Checks that the key can be rotated. Called before anything is opened.
///
/// # Errors
/// [`MaintenanceError::KeyInEnvironment`] if the key comes from the environment.
pub fn check_rotation() -> Result<(), MaintenanceError> {
    if database::key_from_env().is_some() { Err(MaintenanceError::KeyInEnvironment) } else { Ok(()) }
}

/// Seals everything again under a new key; afterwards the old key opens nothing in the database. If interrupted, a
/// second call continues.
///
/// # Errors
/// [`MaintenanceError::KeyInEnvironment`], [`OperationError::KeyFile`], [`OperationError::Store`].
pub async fn rotate_keys(settings: &Settings, opened: &OpenDatabase) -> Result<Rotated, OperationError> {
    check_rotation()?;
    let path = &settings.key_file;
    // Two rotations at once would create two keys for one generation.
    let _only = key_file::lock_for_rotation(path)?;
    let mut ring = key_file::read_keyring(path)?;
    let unrotated = ring.clone();
    let resumed = ring.generations().len() > 1;
    if !resumed {
        let generation = ring.add_sealing_key().map_err(database::OpenError::Key)?;
        key_file::link_backup(path, &key_file::backup_path(path, generation))?;
        key_file::replace_keys(path, &ring)?;
    }
    let keys = ring.build_keys().map_err(database::OpenError::Key)?;
    if let Err(fault) = sealing::begin_rotation(&opened.db, &keys).await {
        // Another process began with another key. Ours has sealed nothing, so restore the key file.
        if !resumed && matches!(fault, StoreError::KeyGeneration { .. }) {
            key_file::replace_keys(path, &unrotated)?;
        }
        return Err(fault.into());
    }
    let values =
        sealing::reseal_all(&opened.db, &keys, &|n| tracing::info!(values = n, "{}", LogEvent::Resealed)).await?;
    sealing::finish_rotation(&opened.db).await?;
    ring.keep_newest();
    key_file::replace_keys(path, &ring)?;
    let generation = keys.current_generation();
    let old_key_file = key_file::backup_path(path, generation);
    Ok(Rotated { generation, values, resumed, key_file: path.clone(), old_key_file })
}

/// Delivers one batch alone in this process, however often its claim was lost.
///
/// # Errors
/// [`OperationError::Store`] if the database fails.
pub async fn deliver_alone(runtime: &Runtime, batch: i64) -> Result<(), OperationError> {
    deliver::deliver_batch(&runtime.delivery, batch, true).await?;
    Ok(())
}
