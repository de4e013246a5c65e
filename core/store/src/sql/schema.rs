//! Migrations, the key check, and the refusal of an unknown schema.

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
use crate::sql::{migrations, promises};
use huiliu_vault::keys::Keys;

fn select_migrator(db: &Db) -> &'static Migrator {
    if db.kind() == "sqlite" { migrations::sqlite_migrator() } else { migrations::postgres_migrator() }
}

/// How a database's schema compares with this program's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SchemaState {
    /// The database has none of this program's tables.
    Empty,
    /// The schema is known, but older than this program.
    Behind {
        /// Migrations that the database has run.
        applied: usize,
        /// Migrations that this program knows.
        known: usize,
    },
    /// The schema is this program's.
    Current,
    /// The schema was created by a newer program, or is foreign.
    Unknown,
}

/// Reads the state of the schema without changing it.
///
/// # Errors
/// [`StoreError::Statement`].
pub async fn read_state(db: &Db) -> Result<SchemaState, StoreError> {
    let embedded = db.kind() == "sqlite";
    let ledger = if embedded {
        "SELECT count(*) AS n FROM sqlite_master WHERE name = '_sqlx_migrations'"
    } else {
        "SELECT count(*) AS n FROM pg_tables WHERE tablename = '_sqlx_migrations' AND schemaname = current_schema()"
    };
    if fetch_count(db, ledger).await? == 0 {
        let ours = if embedded {
            "SELECT count(*) AS n FROM sqlite_master WHERE type = 'table'"
        } else {
            "SELECT count(*) AS n FROM pg_tables WHERE tablename = 'training_record' AND schemaname = current_schema()"
        };
        return Ok(if fetch_count(db, ours).await? == 0 { SchemaState::Empty } else { SchemaState::Unknown });
    }
    let rows = db.fetch_rows("SELECT version, checksum FROM _sqlx_migrations ORDER BY version", vec![]).await?;
    let known: Vec<(i64, &[u8])> = select_migrator(db).iter().map(|m| (m.version, m.checksum.as_ref())).collect();
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

async fn fetch_count(db: &Db, sql: &str) -> Result<i64, StoreError> {
    db.fetch_rows(sql, vec![]).await?.first().map_or(Ok(0), |r| r.int("n"))
}

/// Migrates the schema to this program's version and returns its state before.
///
/// # Errors
/// [`StoreError::Schema`] if the database is newer or foreign, if its rows break what the new schema promises, or if a
/// migration fails; the failed migration is rolled back.
pub async fn migrate(db: &Db) -> Result<SchemaState, StoreError> {
    let before = read_state(db).await?;
    if before == SchemaState::Unknown {
        return Err(unknown_schema());
    }
    if let SchemaState::Behind { applied, .. } = before {
        promises::require_kept(db, select_migrator(db).iter().take(applied).map(|migration| migration.version)).await?;
    }
    let result = match db {
        Db::Pg { read, .. } => migrations::postgres_migrator().run(read).await,
        Db::Sqlite { write, .. } => migrations::sqlite_migrator().run(write).await,
        Db::Rehearsal(_) => Ok(()),
    };
    result.map_err(|e| StoreError::Schema(SchemaError::from(&e)))?;
    Ok(before)
}

/// Returns an error unless the schema is current. A worker calls this first.
///
/// # Errors
/// [`StoreError::Schema`], which says what to do.
pub async fn require_current(db: &Db) -> Result<(), StoreError> {
    match read_state(db).await? {
        SchemaState::Current => Ok(()),
        SchemaState::Unknown => Err(unknown_schema()),
        SchemaState::Empty => Err(StoreError::Schema(SchemaError::Empty)),
        SchemaState::Behind { applied, known } => Err(StoreError::Schema(SchemaError::Behind { applied, known })),
    }
}

fn unknown_schema() -> StoreError {
    StoreError::Schema(SchemaError::Unknown)
}

/// Returns true if a key's check value is stored. The database must have this program's schema.
///
/// # Errors
/// [`StoreError::Statement`].
pub async fn has_key(db: &Db) -> Result<bool, StoreError> {
    Ok(!db.fetch_rows("SELECT id FROM key_check", vec![]).await?.is_empty())
}

/// Compares the key's check value with the stored one, or stores it if the database has none yet. Returns the keys, set
/// to seal with the generation that is current in this database.
///
/// # Errors
/// [`StoreError::WrongKey`], [`StoreError::KeyGeneration`] or [`StoreError::KeyRotatedSince`] if the keys do not fit.
/// Values that are stored already are not changed then.
pub async fn check_key(db: &Db, keys: &Keys) -> Result<Keys, StoreError> {
    let rows = db.fetch_rows("SELECT value FROM key_check WHERE id = 1", vec![]).await?;
    if let Some(row) = rows.first() {
        return if row.bytes("value")? == keys.check_value() {
            sealing::select_generation(db, keys).await
        } else {
            Err(StoreError::WrongKey)
        };
    }
    db.execute(
        "INSERT INTO key_check (id, value) VALUES (1, $1) ON CONFLICT (id) DO NOTHING",
        vec![keys.check_value().into()],
    )
    .await?;
    let rows = db.fetch_rows("SELECT value FROM key_check WHERE id = 1", vec![]).await?;
    match rows.first() {
        Some(row) if row.bytes("value")? == keys.check_value() => sealing::select_generation(db, keys).await,
        _ => Err(StoreError::WrongKey),
    }
}

/// Checks every page and index of an SQLite database. Does nothing on PostgreSQL.
///
/// # Errors
/// [`StoreError::Unreadable`] if the database is damaged, [`StoreError::Statement`] if it cannot be read at all.
pub async fn check_integrity(db: &Db) -> Result<(), StoreError> {
    let Db::Sqlite { read, .. } = db else { return Ok(()) };
    let found: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(read).await?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Unreadable(Unreadable::Copy { found })) }
}

/// Whether the file of an SQLite database is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// No other process has it open, and the one file holds everything.
    Alone,
    /// Another process has it open.
    InUse,
    /// It is not a database, or it is damaged. Whether another process has it open is unknown.
    Unreadable,
}

/// Merges an SQLite database's write-ahead log into its one file. SQLite does that only if no other process has the
/// database open, so the result also shows whether one has.
///
/// # Errors
/// [`StoreError::Statement`] if the file cannot be opened.
pub async fn consolidate_file(file: &Path) -> Result<FileState, StoreError> {
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

/// Writes a consistent copy of the SQLite database while others keep writing, and checks the copy. Does nothing on
/// PostgreSQL, which has its own backup tools.
///
/// # Errors
/// [`StoreError::Statement`] if the copy cannot be written, [`StoreError::Unreadable`] if it is damaged.
pub async fn write_backup(db: &Db, copy: &str) -> Result<(), StoreError> {
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
