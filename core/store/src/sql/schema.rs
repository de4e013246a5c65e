//! Migrations, the key check, and the refusal of a schema this program does not know.

use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use crate::admin::sealing;
use crate::sql::db::Db;
use crate::sql::error::{SchemaError, StoreError, Unreadable};
use crate::sql::migrations;
use huiliu_vault::keys::Keys;

fn migrator(db: &Db) -> &'static Migrator {
    if db.kind() == "sqlite" { migrations::sqlite() } else { migrations::pg() }
}

/// What a database's schema is to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SchemaState {
    /// No table of ours.
    Empty,
    /// Known, but older than this program.
    Behind {
        /// Migrations already there.
        applied: usize,
        /// Migrations this program knows.
        known: usize,
    },
    /// Exactly ours.
    Current,
    /// Made by a newer program, or not ours.
    Unknown,
}

/// Looks at the schema without changing it.
///
/// # Errors
/// [`StoreError::Statement`].
pub async fn state(db: &Db) -> Result<SchemaState, StoreError> {
    let embedded = db.kind() == "sqlite";
    let ledger = if embedded {
        "SELECT count(*) AS n FROM sqlite_master WHERE name = '_sqlx_migrations'"
    } else {
        "SELECT count(*) AS n FROM pg_tables WHERE tablename = '_sqlx_migrations' AND schemaname = current_schema()"
    };
    if count(db, ledger).await? == 0 {
        let ours = if embedded {
            "SELECT count(*) AS n FROM sqlite_master WHERE type = 'table'"
        } else {
            "SELECT count(*) AS n FROM pg_tables WHERE tablename = 'training_record' AND schemaname = current_schema()"
        };
        return Ok(if count(db, ours).await? == 0 { SchemaState::Empty } else { SchemaState::Unknown });
    }
    let rows = db.rows("SELECT version, checksum FROM _sqlx_migrations ORDER BY version", vec![]).await?;
    let known: Vec<(i64, &[u8])> = migrator(db).iter().map(|m| (m.version, m.checksum.as_ref())).collect();
    for (i, row) in rows.iter().enumerate() {
        let same = known.get(i).is_some_and(|(v, sum)| {
            row.int("version").ok() == Some(*v) && row.bytes("checksum").ok().as_deref() == Some(*sum)
        });
        if !same {
            return Ok(SchemaState::Unknown);
        }
    }
    Ok(if rows.len() == known.len() {
        SchemaState::Current
    } else {
        SchemaState::Behind { applied: rows.len(), known: known.len() }
    })
}

async fn count(db: &Db, sql: &str) -> Result<i64, StoreError> {
    db.rows(sql, vec![]).await?.first().map_or(Ok(0), |r| r.int("n"))
}

/// Brings the schema up to this program's.
///
/// # Errors
/// [`StoreError::Schema`] when the database is newer or foreign, or a migration fails (nothing of it remains).
pub async fn migrate(db: &Db) -> Result<SchemaState, StoreError> {
    let before = state(db).await?;
    if before == SchemaState::Unknown {
        return Err(unknown());
    }
    let result = match db {
        Db::Pg { read, .. } => migrations::pg().run(read).await,
        Db::Sqlite { write, .. } => migrations::sqlite().run(write).await,
        Db::Rehearsal(_) => Ok(()),
    };
    result.map_err(|e| StoreError::Schema(SchemaError::from(&e)))?;
    Ok(before)
}

/// Refuses anything but the current schema; a worker calls this first.
///
/// # Errors
/// [`StoreError::Schema`] saying what to do.
pub async fn require_current(db: &Db) -> Result<(), StoreError> {
    match state(db).await? {
        SchemaState::Current => Ok(()),
        SchemaState::Unknown => Err(unknown()),
        SchemaState::Empty => Err(StoreError::Schema(SchemaError::Empty)),
        SchemaState::Behind { applied, known } => Err(StoreError::Schema(SchemaError::Behind { applied, known })),
    }
}

fn unknown() -> StoreError {
    StoreError::Schema(SchemaError::Unknown)
}

/// Whether a database that has our schema was made with some key.
///
/// # Errors
/// [`StoreError::Statement`].
pub async fn has_key(db: &Db) -> Result<bool, StoreError> {
    Ok(!db.rows("SELECT id FROM key_check", vec![]).await?.is_empty())
}

/// Compares the key-check values, or stores them in a database that has none yet and holds no payload. Gives the keys as
/// they are to be used: sealing with the generation that is current in this database.
///
/// # Errors
/// [`StoreError::WrongKey`], [`StoreError::KeyGeneration`] before anything is written.
pub async fn check_key(db: &Db, keys: &Keys) -> Result<Keys, StoreError> {
    let rows = db.rows("SELECT value FROM key_check WHERE id = 1", vec![]).await?;
    if let Some(row) = rows.first() {
        return if row.bytes("value")? == keys.check_value() {
            sealing::recognise(db, keys).await
        } else {
            Err(StoreError::WrongKey)
        };
    }
    db.run(
        "INSERT INTO key_check (id, value) VALUES (1, $1) ON CONFLICT (id) DO NOTHING",
        vec![keys.check_value().into()],
    )
    .await?;
    let rows = db.rows("SELECT value FROM key_check WHERE id = 1", vec![]).await?;
    match rows.first() {
        Some(row) if row.bytes("value")? == keys.check_value() => sealing::recognise(db, keys).await,
        _ => Err(StoreError::WrongKey),
    }
}

/// Reads an embedded database through, page by page and index by index.
///
/// # Errors
/// [`StoreError::Unreadable`] when it is damaged, [`StoreError::Statement`] when it cannot even be read.
pub async fn check_integrity(db: &Db) -> Result<(), StoreError> {
    let Db::Sqlite { read, .. } = db else { return Ok(()) };
    let found: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(read).await?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Unreadable(Unreadable::Copy { found })) }
}

/// How an embedded database's file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Nobody else has it open, and everything of it is in the one file.
    Alone,
    /// Another process has it open.
    InUse,
    /// It is no database, or damaged: who else has it open is not known.
    Unreadable,
}

/// Puts all of an embedded database into its one file, which SQLite does only while nobody else has it open: so it also
/// tells whether anybody has.
///
/// # Errors
/// [`StoreError::Statement`] when the file cannot be opened.
pub async fn gather(file: &Path) -> Result<FileState, StoreError> {
    const NOT_A_DATABASE: [&str; 2] = ["11", "26"];
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(1));
    let gathered = async {
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let mode = sqlx::query_scalar("PRAGMA journal_mode = DELETE").fetch_one(&mut connection).await;
        connection.close().await?;
        mode
    };
    let gathered: Result<String, sqlx::Error> = gathered.await;
    match gathered {
        Ok(mode) if mode == "delete" => Ok(FileState::Alone),
        Ok(_) => Ok(FileState::InUse),
        Err(sqlx::Error::Database(refusal)) => match refusal.code().as_deref() {
            Some("5" | "261" | "6") => Ok(FileState::InUse),
            Some(code) if NOT_A_DATABASE.contains(&code) => Ok(FileState::Unreadable),
            _ => Err(sqlx::Error::Database(refusal).into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Writes a consistent copy of the embedded database, while others go on writing, and reads it through. PostgreSQL is
/// backed up by its own means.
///
/// # Errors
/// [`StoreError::Statement`] when the copy cannot be written, [`StoreError::Unreadable`] when it is damaged.
pub async fn backup(db: &Db, copy: &str) -> Result<(), StoreError> {
    let Db::Sqlite { read, .. } = db else { return Ok(()) };
    sqlx::query("VACUUM INTO $1").bind(copy.to_owned()).execute(read).await?;
    let options = SqliteConnectOptions::new().filename(copy).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut connection).await?;
    connection.close().await?;
    if found == "ok" {
        Ok(())
    } else {
        Err(StoreError::Unreadable(Unreadable::Backup { copy: copy.to_owned(), found }))
    }
}
