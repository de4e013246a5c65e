//! Restores a backup over the embedded database. Checks the backup first and keeps the replaced file.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{Act, AuditEntry};
use super::error::OperationError;
use crate::log_event::LogEvent;
use crate::settings::Settings;
use crate::{audit_heads, database};
use huiliu_store::admin::audit;
use huiliu_store::sql::attached::AuditHead;
use huiliu_store::sql::schema::{self, FileState, SchemaState};
use huiliu_store::{Db, SchemaError, StoreError};
use huiliu_vault::key_file;
use huiliu_vault::keys::Keys;

/// Why a backup cannot be restored. Nothing was changed.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum RestoreError {
    /// The database is on a server; only an embedded database can be restored.
    #[serde(rename = "restore.server")]
    Server,
    /// The backup is not a file.
    #[serde(rename = "restore.no_file")]
    NoFile {
        /// The path that was given.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        backup: PathBuf,
    },
    /// A database exists already, and `overwrite` is not set.
    #[serde(rename = "restore.would_overwrite")]
    WouldOverwrite {
        /// The path of the database.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        database: PathBuf,
    },
    /// Another process has the database open.
    #[serde(rename = "restore.in_use")]
    InUse {
        /// The path of the database.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        database: PathBuf,
    },
    /// The backup is damaged, or is not a database.
    #[serde(rename = "restore.damaged")]
    Damaged {
        /// The path of the backup.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        backup: PathBuf,
        /// The error of SQLite.
        why: Box<StoreError>,
    },
    /// The file is a database, but not a backup of Huiliu.
    #[serde(rename = "restore.foreign")]
    Foreign {
        /// The path of the backup.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        backup: PathBuf,
    },
    /// The files cannot be written.
    #[serde(rename = "restore.unwritable")]
    Unwritable {
        /// The path of the database.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        database: PathBuf,
        /// The operating system's error.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        why: io::Error,
    },
}

said_in_english!(RestoreError);

impl RestoreError {
    /// Returns a stable code for programs.
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

/// The backup to restore.
#[derive(Debug, Clone)]
pub struct Backup {
    /// The path of the backup.
    pub file: PathBuf,
    /// Whether an existing database may be replaced.
    pub overwrite: bool,
}

/// The result of restoring a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Restored {
    /// The path of the database.
    pub database: PathBuf,
    /// The path of the backup.
    pub backup: PathBuf,
    /// Whether the backup's schema was older and was migrated.
    pub migrated: bool,
    /// The path of the replaced database, if there was one.
    pub replaced: Option<PathBuf>,
}

/// Restores a backup over the embedded database, or where there is none yet. Before anything is replaced, a copy of
/// the backup is read completely, migrated to this program's schema and checked against the key. The audit entry is
/// written into the copy.
///
/// # Errors
/// [`RestoreError`]; [`OperationError::Open`] or [`OperationError::Store`] if the key does not match. Nothing was
/// changed.
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
    // Another process that opens the database waits for this lock.
    let _lock = database::lock_data_dir(&settings.data_dir)?;
    if let Some(folder) = place.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        database::make_folder(folder)?;
    }
    let replaced = replaces.then(|| path_beside(&place, &format!("before-restore-{}", utc_stamp())));
    let copy = hidden_path_beside(&place);
    let (migrated, head) = match prepare_copy(settings, act, &backup.file, &copy, replaced.as_deref()).await {
        Ok(prepared) => prepared,
        Err(error) => {
            remove_database_files(&copy);
            return Err(error);
        }
    };
    let moved = match check_alone(&place).await {
        Ok(()) => replace_database(&copy, &place, replaced.as_deref())
            .map_err(|why| RestoreError::Unwritable { database: place.clone(), why }),
        Err(error) => Err(error),
    };
    if let Err(error) = moved {
        remove_database_files(&copy);
        return Err(error.into());
    }
    if let Some((keys, head)) = head
        && let Err(why) = audit_heads::append_restored(settings, &keys, &head)
    {
        let file = settings.audit_heads.display().to_string();
        tracing::warn!("{}", LogEvent::AuditHeadNotKept { file, why: why.into() });
    }
    Ok(Restored { database: place, backup: backup.file.clone(), migrated, replaced })
}

/// Refuses while another process has the database open. For a database that SQLite cannot read, this is unknown, and
/// it is not refused.
async fn check_alone(place: &Path) -> Result<(), RestoreError> {
    if !place.exists() {
        return Ok(());
    }
    match schema::consolidate_file(place).await {
        Ok(FileState::InUse) => Err(RestoreError::InUse { database: place.to_owned() }),
        Ok(FileState::Alone | FileState::Unreadable) | Err(_) => Ok(()),
    }
}

/// Prepares the file that will become the database: intact, of a known schema, matching the key, and with the audit
/// entry. Returns whether its schema was older, and the end of its audit log.
async fn prepare_copy(
    settings: &Settings,
    act: Act<'_>,
    backup: &Path,
    copy: &Path,
    replaced: Option<&Path>,
) -> Result<(bool, Option<(Keys, AuditHead)>), OperationError> {
    let unwritable = |why| RestoreError::Unwritable { database: copy.to_owned(), why };
    remove_database_files(copy);
    copy_private(backup, copy).map_err(unwritable)?;
    let damaged = |why| RestoreError::Damaged { backup: backup.to_owned(), why: Box::new(why) };
    let db = Db::open(&format!("sqlite:{}", copy.display()), 1).await.map_err(damaged)?;
    let checked = match schema::check_integrity(&db).await {
        Ok(()) => schema::read_state(&db).await,
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
    let head = prepared?;
    // Fold SQLite's side files into the copy, because only the copy is moved.
    schema::consolidate_file(copy).await?;
    std::fs::File::open(copy).and_then(|file| file.sync_all()).map_err(unwritable)?;
    Ok((behind, head))
}

async fn write_entry(
    settings: &Settings,
    act: Act<'_>,
    db: &Db,
    backup: &Path,
    replaced: Option<&Path>,
) -> Result<Option<(Keys, AuditHead)>, OperationError> {
    let opened = database::open_copy(settings, db.clone()).await?;
    let detail = json!({
        "backup": backup.display().to_string(),
        "replaced": replaced.map(|path| path.display().to_string()),
    });
    let tx = opened.db.begin().await?;
    let entry = AuditEntry { action: "database.restore", object: "database".to_owned(), detail };
    act.commit_with_audit(tx, &opened, entry).await?;
    Ok(audit::find_head(&opened.db).await?.map(|head| (opened.keys, head)))
}

/// Copies a file so that only its owner can read the copy.
fn copy_private(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::copy(from, to)?;
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o600))
}

/// Renames the database, with SQLite's side files, to the name under which it is kept, and gives its name to the copy.
fn replace_database(copy: &Path, place: &Path, replaced: Option<&Path>) -> io::Result<()> {
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
        // Put it back without its side files: a database that was closed cleanly needs none.
        if let Some(kept) = replaced {
            std::fs::rename(kept, place)?;
        }
        return Err(why);
    }
    key_file::sync_folder(place)
}

/// The files that SQLite keeps beside a database.
const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

fn remove_database_files(database: &Path) {
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

fn path_beside(path: &Path, suffix: &str) -> PathBuf {
    with_suffix(path, &format!(".{suffix}"))
}

fn hidden_path_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.restoring"))
}

fn utc_stamp() -> String {
    chrono::Utc::now().format("%Y%m%dT%H%M%S%3fZ").to_string()
}
