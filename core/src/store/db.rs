//! An enum of two pools, one way to run a statement on either.
//!
//! Statements use `$1…` for scalars. Two words are replaced by dialect: `{now}` is the database's clock in
//! microseconds UTC, and `{rows}` is a relation named `incoming` made from the [`Rows`] bound last.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{
    AssertSqlSafe, Column as _, Executor as _, PgPool, Postgres, Row as _, Sqlite, SqlitePool, Transaction,
    TypeInfo as _, ValueRef as _,
};
use thiserror::Error;

use crate::keys::hex_encode;

/// What can go wrong between us and a database, in words for the person who must act.
#[derive(Debug, Error)]
pub enum StoreFault {
    /// The address is not one we can use.
    #[error("the database address is not usable: {0}; give sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME")]
    Address(String),
    /// The database does not let us in or does not answer.
    #[error("cannot open the database: {0}; check that it runs, and its host, port, user and password")]
    Unreachable(String),
    /// A statement failed.
    #[error("the database refused a statement: {0}")]
    Statement(#[from] sqlx::Error),
    /// The schema is not the one this program knows.
    #[error("{0}")]
    Schema(String),
    /// The root key is not the one this database was made with.
    #[error(
        "the root key is not the one this database was made with; give the right key (HUILIU_KEY_FILE or the data directory's root.key)"
    )]
    WrongKey,
    /// A sealed value does not open.
    #[error(transparent)]
    Key(#[from] crate::keys::KeyFault),
    /// A stored value is not what the schema says.
    #[error("column {0} of a result is missing or of another type")]
    Column(String),
}

impl StoreFault {
    /// Whether trying again later can help: a lost connection, a restart, a lock.
    #[must_use]
    pub fn transient(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Statement(e) => match e {
                sqlx::Error::Database(d) => d.code().is_none_or(|c| {
                    ["08", "40", "53", "55", "57"].iter().any(|class| c.starts_with(class)) || c == "5" || c == "517"
                }),
                sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::Protocol(_) => true,
                _ => false,
            },
            _ => false,
        }
    }
}

/// One scalar to bind, or one cell read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// SQL NULL of an integer column.
    Null,
    /// An integer.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(v: i64) -> Self {
        Self::Int(v)
    }
}
impl From<&str> for Value {
    fn from(v: &str) -> Self {
        Self::Text(v.to_owned())
    }
}
impl From<String> for Value {
    fn from(v: String) -> Self {
        Self::Text(v)
    }
}
impl From<Vec<u8>> for Value {
    fn from(v: Vec<u8>) -> Self {
        Self::Bytes(v)
    }
}
impl From<&[u8]> for Value {
    fn from(v: &[u8]) -> Self {
        Self::Bytes(v.to_vec())
    }
}

/// A column of a relation made in memory.
#[derive(Debug, Clone)]
pub enum Column {
    /// Integers.
    Int(Vec<Option<i64>>),
    /// Texts.
    Text(Vec<Option<String>>),
    /// Bytes.
    Bytes(Vec<Option<Vec<u8>>>),
}

/// A relation made in memory, bound to `{rows}`: arrays on PostgreSQL, one JSON text on SQLite.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    columns: Vec<(&'static str, Column)>,
}

impl Rows {
    /// No columns yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an integer column.
    #[must_use]
    pub fn int(mut self, name: &'static str, values: impl IntoIterator<Item = Option<i64>>) -> Self {
        self.columns.push((name, Column::Int(values.into_iter().collect())));
        self
    }

    /// Adds a text column.
    #[must_use]
    pub fn text(mut self, name: &'static str, values: impl IntoIterator<Item = Option<String>>) -> Self {
        self.columns.push((name, Column::Text(values.into_iter().collect())));
        self
    }

    /// Adds a column of bytes.
    #[must_use]
    pub fn bytes(mut self, name: &'static str, values: impl IntoIterator<Item = Option<Vec<u8>>>) -> Self {
        self.columns.push((name, Column::Bytes(values.into_iter().collect())));
        self
    }

    fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, c)| match c {
            Column::Int(v) => v.len(),
            Column::Text(v) => v.len(),
            Column::Bytes(v) => v.len(),
        })
    }

    fn pg_relation(&self, first: usize) -> String {
        let arrays: Vec<String> = self
            .columns
            .iter()
            .enumerate()
            .map(|(i, (_, c))| {
                let kind = match c {
                    Column::Int(_) => "bigint",
                    Column::Text(_) => "text",
                    Column::Bytes(_) => "bytea",
                };
                format!("${}::{kind}[]", first + i)
            })
            .collect();
        let names: Vec<&str> = self.columns.iter().map(|(n, _)| *n).collect();
        format!("unnest({}) AS incoming ({})", arrays.join(", "), names.join(", "))
    }

    fn lite_relation(&self, first: usize) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .enumerate()
            .map(|(i, (name, c))| match c {
                Column::Bytes(_) => format!("unhex(value->>{i}) AS {name}"),
                _ => format!("value->>{i} AS {name}"),
            })
            .collect();
        // LIMIT -1 keeps the planner from folding the JSON into the outer statement and reading it again for every row.
        format!("(SELECT {} FROM json_each(${first}) LIMIT -1) AS incoming", columns.join(", "))
    }

    fn json(&self) -> String {
        use std::fmt::Write as _;
        let mut out = String::with_capacity(self.len() * self.columns.len() * 12);
        out.push('[');
        for i in 0..self.len() {
            out.push_str(if i == 0 { "[" } else { ",[" });
            for (n, (_, column)) in self.columns.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                match column {
                    Column::Int(v) => match v[i] {
                        Some(x) => {
                            let _ = write!(out, "{x}");
                        }
                        None => out.push_str("null"),
                    },
                    Column::Text(v) => match &v[i] {
                        Some(x) => out.push_str(&serde_json::Value::from(x.as_str()).to_string()),
                        None => out.push_str("null"),
                    },
                    Column::Bytes(v) => match &v[i] {
                        Some(x) => {
                            out.push('"');
                            out.push_str(&hex_encode(x));
                            out.push('"');
                        }
                        None => out.push_str("null"),
                    },
                }
            }
            out.push(']');
        }
        out.push(']');
        out
    }
}

/// A result row, cells by name.
#[derive(Debug, Clone)]
pub struct Row {
    cells: Vec<(String, Value)>,
}

impl Row {
    fn cell(&self, name: &str) -> Result<&Value, StoreFault> {
        self.cells.iter().find(|(n, _)| n == name).map(|(_, v)| v).ok_or_else(|| StoreFault::Column(name.to_owned()))
    }

    /// An integer that is never null.
    ///
    /// # Errors
    /// [`StoreFault::Column`] for another name or type.
    pub fn int(&self, name: &str) -> Result<i64, StoreFault> {
        self.opt_int(name)?.ok_or_else(|| StoreFault::Column(name.to_owned()))
    }

    /// An integer or null.
    ///
    /// # Errors
    /// [`StoreFault::Column`] for another name or type.
    pub fn opt_int(&self, name: &str) -> Result<Option<i64>, StoreFault> {
        match self.cell(name)? {
            Value::Int(v) => Ok(Some(*v)),
            Value::Null => Ok(None),
            _ => Err(StoreFault::Column(name.to_owned())),
        }
    }

    /// A text that is never null.
    ///
    /// # Errors
    /// [`StoreFault::Column`] for another name or type.
    pub fn text(&self, name: &str) -> Result<String, StoreFault> {
        self.opt_text(name)?.ok_or_else(|| StoreFault::Column(name.to_owned()))
    }

    /// A text or null.
    ///
    /// # Errors
    /// [`StoreFault::Column`] for another name or type.
    pub fn opt_text(&self, name: &str) -> Result<Option<String>, StoreFault> {
        match self.cell(name)? {
            Value::Text(v) => Ok(Some(v.clone())),
            Value::Null => Ok(None),
            _ => Err(StoreFault::Column(name.to_owned())),
        }
    }

    /// Bytes that are never null.
    ///
    /// # Errors
    /// [`StoreFault::Column`] for another name or type.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, StoreFault> {
        match self.cell(name)? {
            Value::Bytes(v) => Ok(v.clone()),
            _ => Err(StoreFault::Column(name.to_owned())),
        }
    }
}

/// The two databases.
#[derive(Debug, Clone)]
pub enum Db {
    /// A PostgreSQL pool.
    Pg(PgPool),
    /// An embedded SQLite file: one writing connection, several reading ones.
    Lite {
        /// The only connection that writes.
        write: SqlitePool,
        /// Connections for reports.
        read: SqlitePool,
    },
}

const CLOCK_PG: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
const CLOCK_LITE: &str = "CAST(unixepoch('subsec') * 1000000 AS INTEGER)";

impl Db {
    /// Opens `sqlite:PATH` or `postgres://…`.
    ///
    /// # Errors
    /// [`StoreFault::Address`] for another scheme, [`StoreFault::Unreachable`] when nobody answers or lets us in.
    pub async fn open(url: &str, connections: u32) -> Result<Self, StoreFault> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url).map_err(|e| StoreFault::Address(e.to_string()))?;
            let pool = PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(Duration::from_secs(15))
                .connect_with(options)
                .await
                .map_err(|e| StoreFault::Unreachable(plain_words(&e)))?;
            return Ok(Self::Pg(pool));
        }
        let Some(path) = url.strip_prefix("sqlite:") else {
            return Err(StoreFault::Address(without_password(url)));
        };
        Self::open_lite(Path::new(path)).await
    }

    async fn open_lite(path: &Path) -> Result<Self, StoreFault> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", "-16000")
            .busy_timeout(Duration::from_secs(30));
        let unreachable = |e: sqlx::Error| StoreFault::Unreachable(format!("{} ({e})", path.display()));
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(60))
            .connect_with(options.clone())
            .await
            .map_err(unreachable)?;
        let read = SqlitePoolOptions::new().max_connections(3).connect_with(options).await.map_err(unreachable)?;
        Ok(Self::Lite { write, read })
    }

    /// `postgresql` or `sqlite`, for people.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Pg(_) => "postgresql",
            Self::Lite { .. } => "sqlite",
        }
    }

    /// Begins a write transaction (`BEGIN IMMEDIATE` on SQLite).
    ///
    /// # Errors
    /// [`StoreFault::Statement`].
    pub async fn begin(&self) -> Result<Tx, StoreFault> {
        Ok(match self {
            Self::Pg(pool) => Tx::Pg(pool.begin().await?),
            Self::Lite { write, .. } => Tx::Lite(write.begin_with("BEGIN IMMEDIATE").await?),
        })
    }

    /// Reads outside a transaction.
    ///
    /// # Errors
    /// [`StoreFault::Statement`].
    pub async fn rows(&self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, StoreFault> {
        match self {
            Self::Pg(pool) => pg_rows(pool.fetch_all(pg_query(sql, args, None)).await?),
            Self::Lite { read, .. } => lite_rows(read.fetch_all(lite_query(sql, args, None)).await?),
        }
    }

    /// Runs one statement in a transaction of its own.
    ///
    /// # Errors
    /// [`StoreFault::Statement`].
    pub async fn run(&self, sql: &str, args: Vec<Value>) -> Result<u64, StoreFault> {
        let mut tx = self.begin().await?;
        let done = tx.run(sql, args).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match self {
            Self::Pg(pool) => pool.close().await,
            Self::Lite { write, read } => {
                read.close().await;
                write.close().await;
            }
        }
    }
}

/// A write transaction; dropped without [`Tx::commit`], nothing of it remains.
#[derive(Debug)]
pub enum Tx {
    /// On PostgreSQL.
    Pg(Transaction<'static, Postgres>),
    /// On SQLite.
    Lite(Transaction<'static, Sqlite>),
}

impl Tx {
    /// Runs a statement and gives the number of rows it touched.
    ///
    /// # Errors
    /// [`StoreFault::Statement`].
    pub async fn run(&mut self, sql: &str, args: Vec<Value>) -> Result<u64, StoreFault> {
        Ok(match self {
            Self::Pg(tx) => tx.execute(pg_query(sql, args, None)).await?.rows_affected(),
            Self::Lite(tx) => tx.execute(lite_query(sql, args, None)).await?.rows_affected(),
        })
    }

    /// Runs a statement and gives its result rows.
    ///
    /// # Errors
    /// [`StoreFault::Statement`].
    pub async fn rows(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, StoreFault> {
        match self {
            Self::Pg(tx) => pg_rows(tx.fetch_all(pg_query(sql, args, None)).await?),
            Self::Lite(tx) => lite_rows(tx.fetch_all(lite_query(sql, args, None)).await?),
        }
    }

    /// As [`Tx::rows`], with a relation for `{rows}`.
    ///
    /// # Errors
    /// [`StoreFault::Statement`].
    pub async fn rows_with(&mut self, sql: &str, args: Vec<Value>, relation: Rows) -> Result<Vec<Row>, StoreFault> {
        match self {
            Self::Pg(tx) => pg_rows(tx.fetch_all(pg_query(sql, args, Some(relation))).await?),
            Self::Lite(tx) => lite_rows(tx.fetch_all(lite_query(sql, args, Some(relation))).await?),
        }
    }

    /// As [`Tx::run`], with a relation for `{rows}`.
    ///
    /// # Errors
    /// [`StoreFault::Statement`].
    pub async fn run_with(&mut self, sql: &str, args: Vec<Value>, relation: Rows) -> Result<u64, StoreFault> {
        Ok(match self {
            Self::Pg(tx) => tx.execute(pg_query(sql, args, Some(relation))).await?.rows_affected(),
            Self::Lite(tx) => tx.execute(lite_query(sql, args, Some(relation))).await?.rows_affected(),
        })
    }

    /// Whether this is PostgreSQL, for the two statements that need to know (row locks).
    #[must_use]
    pub fn is_pg(&self) -> bool {
        matches!(self, Self::Pg(_))
    }

    /// Makes everything done in it durable.
    ///
    /// # Errors
    /// [`StoreFault::Statement`]; the outcome is then unknown and must be read again.
    pub async fn commit(self) -> Result<(), StoreFault> {
        match self {
            Self::Pg(tx) => tx.commit().await?,
            Self::Lite(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

type PgQuery = sqlx::query::Query<'static, Postgres, PgArguments>;
type LiteQuery = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

fn pg_query(sql: &str, args: Vec<Value>, relation: Option<Rows>) -> PgQuery {
    let mut text = sql.replace("{now}", CLOCK_PG);
    if let Some(rows) = &relation {
        text = text.replace("{rows}", &rows.pg_relation(args.len() + 1));
    }
    let mut query = sqlx::query(AssertSqlSafe(text));
    for arg in args {
        query = match arg {
            Value::Null => query.bind(None::<i64>),
            Value::Int(v) => query.bind(v),
            Value::Text(v) => query.bind(v),
            Value::Bytes(v) => query.bind(v),
        };
    }
    for (_, column) in relation.into_iter().flat_map(|r| r.columns) {
        query = match column {
            Column::Int(v) => query.bind(v),
            Column::Text(v) => query.bind(v),
            Column::Bytes(v) => query.bind(v),
        };
    }
    query
}

fn lite_query(sql: &str, args: Vec<Value>, relation: Option<Rows>) -> LiteQuery {
    let mut text = sql.replace("{now}", CLOCK_LITE);
    if let Some(rows) = &relation {
        text = text.replace("{rows}", &rows.lite_relation(args.len() + 1));
    }
    let mut query = sqlx::query(AssertSqlSafe(text));
    for arg in args {
        query = match arg {
            Value::Null => query.bind(None::<i64>),
            Value::Int(v) => query.bind(v),
            Value::Text(v) => query.bind(v),
            Value::Bytes(v) => query.bind(v),
        };
    }
    if let Some(rows) = relation {
        query = query.bind(rows.json());
    }
    query
}

fn pg_rows(rows: Vec<PgRow>) -> Result<Vec<Row>, StoreFault> {
    rows.iter()
        .map(|row| {
            let cells = row.columns().iter().enumerate().map(|(i, column)| {
                let value = match column.type_info().name() {
                    "INT8" => row.try_get::<Option<i64>, _>(i)?.map(Value::Int),
                    "INT4" => row.try_get::<Option<i32>, _>(i)?.map(|v| Value::Int(v.into())),
                    "BOOL" => row.try_get::<Option<bool>, _>(i)?.map(|v| Value::Int(v.into())),
                    "BYTEA" => row.try_get::<Option<Vec<u8>>, _>(i)?.map(Value::Bytes),
                    _ => row.try_get::<Option<String>, _>(i)?.map(Value::Text),
                };
                Ok((column.name().to_owned(), value.unwrap_or(Value::Null)))
            });
            Ok(Row { cells: cells.collect::<Result<_, StoreFault>>()? })
        })
        .collect()
}

fn lite_rows(rows: Vec<SqliteRow>) -> Result<Vec<Row>, StoreFault> {
    rows.iter()
        .map(|row| {
            let cells = row.columns().iter().enumerate().map(|(i, column)| {
                let raw = row.try_get_raw(i)?;
                let value = if raw.is_null() {
                    Value::Null
                } else {
                    match raw.type_info().name() {
                        "INTEGER" => Value::Int(row.try_get_unchecked(i)?),
                        "BLOB" => Value::Bytes(row.try_get_unchecked(i)?),
                        _ => Value::Text(row.try_get_unchecked(i)?),
                    }
                };
                Ok((column.name().to_owned(), value))
            });
            Ok(Row { cells: cells.collect::<Result<_, StoreFault>>()? })
        })
        .collect()
}

fn plain_words(e: &sqlx::Error) -> String {
    match e {
        sqlx::Error::Database(d) => d.message().to_owned(),
        other => other.to_string(),
    }
}

fn without_password(url: &str) -> String {
    url.split_once(':').map_or_else(|| "no scheme".to_owned(), |(scheme, _)| format!("{scheme}:…"))
}
