//! Puts a backup in the place of the embedded database: looked through first, the replaced file kept.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{Act, AuditEntry};
use super::error::OperationError;
use crate::database;
use crate::settings::Settings;
use huiliu_store::sql::schema::{self, FileState, SchemaState};
use huiliu_store::{Db, SchemaError, StoreError};
use huiliu_vault::key_file;

/// Why nothing is restored. Nothing was changed.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum RestoreError {
    /// Only the embedded database is restored.
    #[serde(rename = "restore.server")]
    Server,
    /// The backup is no file.
    #[serde(rename = "restore.no_file")]
    NoFile {
        /// As it was given.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        backup: PathBuf,
    },
    /// There is a database already.
    #[serde(rename = "restore.would_overwrite")]
    WouldOverwrite {
        /// The database.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        database: PathBuf,
    },
    /// Another process has the database open.
    #[serde(rename = "restore.in_use")]
    InUse {
        /// The database.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        database: PathBuf,
    },
    /// The backup is damaged, or no database.
    #[serde(rename = "restore.damaged")]
    Damaged {
        /// The backup.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        backup: PathBuf,
        /// What SQLite says.
        why: Box<StoreError>,
    },
    /// The backup is no backup of Huiliu.
    #[serde(rename = "restore.foreign")]
    Foreign {
        /// The backup.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        backup: PathBuf,
    },
    /// The files cannot be written.
    #[serde(rename = "restore.unwritable")]
    Unwritable {
        /// The database.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        database: PathBuf,
        /// What the system says.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        why: io::Error,
    },
}

said_in_english!(RestoreError);

impl RestoreError {
    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Server => "restore.server",
            Self::NoFile { .. } => "restore.no_file",
            Self::WouldOverwrite { .. } => "restore.would_overwrite",
            Self::InUse { .. } => "restore.in_use",
            Self::Damaged { .. } => "restore.damaged",
            Self::Foreign { .. } => "restore.foreign",
            Self::Unwritable { .. } => "restore.unwritable",
        }
    }
}

/// What is restored.
#[derive(Debug, Clone)]
pub struct Backup {
    /// The file.
    pub file: PathBuf,
    /// Whether a database that is there may be replaced.
    pub overwrite: bool,
}

/// A database that was restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Restored {
    /// The database.
    pub database: PathBuf,
    /// The backup it was made of.
    pub backup: PathBuf,
    /// Whether the backup's schema was older and has been brought up to date.
    pub migrated: bool,
    /// Where the file that it replaced is kept.
    pub replaced: Option<PathBuf>,
}

/// Puts a backup in the place of the embedded database, or where there is none yet. A copy of the backup is read through,
/// brought up to this program's schema and held against the key before anything is replaced; the audit entry is already in
/// it.
///
/// # Errors
/// [`RestoreError`]; [`OperationError::Open`], [`OperationError::Store`] when the key does not fit. Nothing was changed.
pub async fn restore(settings: &Settings, act: Act<'_>, backup: &Backup) -> Result<Restored, OperationError> {
    let Some(place) = settings.database.strip_prefix("sqlite:").map(PathBuf::from) else {
        return Err(RestoreError::Server.into());
    };
    if !backup.file.is_file() {
        return Err(RestoreError::NoFile { backup: backup.file.clone() }.into());
    }
    let replaces = place.exists();
    if replaces && !backup.overwrite {
        return Err(RestoreError::WouldOverwrite { database: place }.into());
    }
    // Whoever opens the database meanwhile waits.
    let _lock = database::lock(&settings.data_dir)?;
    if let Some(folder) = place.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        database::make_folder(folder)?;
    }
    let replaced = replaces.then(|| beside(&place, &format!("before-restore-{}", stamp())));
    let copy = hidden_beside(&place);
    let migrated = match prepare(settings, act, &backup.file, &copy, replaced.as_deref()).await {
        Ok(migrated) => migrated,
        Err(error) => {
            remove(&copy);
            return Err(error);
        }
    };
    let moved = match check_alone(&place).await {
        Ok(()) => replace(&copy, &place, replaced.as_deref())
            .map_err(|why| RestoreError::Unwritable { database: place.clone(), why }),
        Err(error) => Err(error),
    };
    if let Err(error) = moved {
        remove(&copy);
        return Err(error.into());
    }
    Ok(Restored { database: place, backup: backup.file.clone(), migrated, replaced })
}

/// Refuses while another process has the database open. A database that SQLite cannot read does not tell who has it.
async fn check_alone(place: &Path) -> Result<(), RestoreError> {
    if !place.exists() {
        return Ok(());
    }
    match schema::gather(place).await {
        Ok(FileState::InUse) => Err(RestoreError::InUse { database: place.to_owned() }),
        Ok(FileState::Alone | FileState::Unreadable) | Err(_) => Ok(()),
    }
}

/// Makes the file that will be the database: whole, of a known schema, of this key, with the audit entry. Gives whether its
/// schema was older.
async fn prepare(
    settings: &Settings,
    act: Act<'_>,
    backup: &Path,
    copy: &Path,
    replaced: Option<&Path>,
) -> Result<bool, OperationError> {
    let unwritable = |why| RestoreError::Unwritable { database: copy.to_owned(), why };
    remove(copy);
    copy_alone(backup, copy).map_err(unwritable)?;
    let damaged = |why| RestoreError::Damaged { backup: backup.to_owned(), why: Box::new(why) };
    let db = Db::open(&format!("sqlite:{}", copy.display()), 1).await.map_err(damaged)?;
    let checked = match schema::check_integrity(&db).await {
        Ok(()) => schema::state(&db).await,
        Err(fault) => Err(fault),
    };
    let behind = matches!(checked, Ok(SchemaState::Behind { .. }));
    let prepared = match checked.map_err(damaged) {
        Ok(SchemaState::Empty) => Err(RestoreError::Foreign { backup: backup.to_owned() }.into()),
        Ok(SchemaState::Unknown) => Err(StoreError::Schema(SchemaError::Unknown).into()),
        Ok(SchemaState::Current | SchemaState::Behind { .. }) => {
            write_entry(settings, act, &db, backup, replaced).await
        }
        Err(error) => Err(error.into()),
    };
    db.close().await;
    prepared?;
    // Nothing of it may stand in a file beside it, which is not moved.
    schema::gather(copy).await?;
    std::fs::File::open(copy).and_then(|file| file.sync_all()).map_err(unwritable)?;
    Ok(behind)
}

async fn write_entry(
    settings: &Settings,
    act: Act<'_>,
    db: &Db,
    backup: &Path,
    replaced: Option<&Path>,
) -> Result<(), OperationError> {
    let opened = database::open_copy(settings, db.clone()).await?;
    let detail = json!({
        "backup": backup.display().to_string(),
        "replaced": replaced.map(|path| path.display().to_string()),
    });
    let tx = opened.db.begin().await?;
    let entry = AuditEntry { action: "database.restore", object: "database".to_owned(), detail };
    Ok(act.commit(tx, &opened, entry).await?)
}

/// Copies a file so that nobody but its owner reads the copy.
fn copy_alone(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::copy(from, to)?;
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o600))
}

/// Keeps the database under another name, with what SQLite may have left beside it, and gives its name to the copy.
fn replace(copy: &Path, place: &Path, replaced: Option<&Path>) -> io::Result<()> {
    if let Some(kept) = replaced {
        std::fs::rename(place, kept)?;
    }
    for suffix in SIDE_FILES {
        let (side, kept) = (with_suffix(place, suffix), replaced.map(|kept| with_suffix(kept, suffix)));
        match kept {
            _ if !side.exists() => {}
            Some(kept) => std::fs::rename(&side, kept)?,
            None => std::fs::remove_file(&side)?,
        }
    }
    if let Err(why) = std::fs::rename(copy, place) {
        // A database that was closed cleanly is whole in its one file.
        if let Some(kept) = replaced {
            std::fs::rename(kept, place)?;
        }
        return Err(why);
    }
    key_file::sync_folder(place)
}

/// What SQLite keeps beside a database.
const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

fn remove(database: &Path) {
    let _ = std::fs::remove_file(database);
    for suffix in SIDE_FILES {
        let _ = std::fs::remove_file(with_suffix(database, suffix));
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    with_suffix(path, &format!(".{suffix}"))
}

fn hidden_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.restoring"))
}

fn stamp() -> String {
    chrono::Utc::now().format("%Y%m%dT%H%M%S%3fZ").to_string()
}
