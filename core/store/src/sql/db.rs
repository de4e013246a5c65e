//! An enum of two pools, one way to run a statement on either.
//!
//! Statements use `$1…` for scalars. Some words are replaced by dialect: `{now}` is the database's clock in microseconds
//! UTC, `{rows}` is a relation named `incoming` made from the [`Rows`] bound last, `{lock}` locks the rows read, `{share}`
//! against changes only, and `{lock_free}` those that nobody else has locked (SQLite has one writer and needs none of them), and
//! `{join TABLE ALIAS ON CONDITION}` or `{left join …}` looks each row up by index with
//! the whole condition: PostgreSQL, left alone, may take a constant part of it for selective while a table is empty, and
//! keep that plan.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use tokio::sync::OwnedMutexGuard;

use crate::sql::dialect::{lite_query, lite_rows, pg_query, pg_rows};
use crate::sql::error::{AddressError, ConnectError, RehearsalMisuse, StoreError};
use crate::sql::rehearsal::{Rehearsal, Stage};
use crate::sql::rows::{Row, Rows, Value};

/// How long a server may take to answer, or to have a connection free.
const PATIENCE: Duration = Duration::from_secs(15);
/// SQLite's page cache for each connection, in KiB, as SQLite is told it. Behind it stands the system's own: four times as
/// much made a sync of 484,516 records no faster.
const SQLITE_CACHE: &str = "-4000";

/// The two databases.
#[derive(Debug, Clone)]
pub enum Db {
    /// PostgreSQL.
    Pg {
        /// Connections that load: they probe by index, batch by batch, with plans made once.
        load: PgPool,
        /// Connections for reports, planned by the server.
        read: PgPool,
    },
    /// An embedded SQLite file: one writing connection, several reading ones.
    Sqlite {
        /// The only connection that writes.
        write: SqlitePool,
        /// Connections for reports.
        read: SqlitePool,
    },
    /// Either of them, in one transaction from which nothing remains.
    Rehearsal(Rehearsal),
}

/// A batch is always far smaller than the tables it is held against, also when the server has no statistics yet or a
/// plan dates from when they were empty: probing the indexes is then right, scanning never.
const LOAD_PLANS: [(&str, &str); 5] = [
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_material", "off"),
    ("jit", "off"),
];

/// A pool that keeps its connections as long as it lives. The task with which sqlx 0.9.0 closes old ones counts the idle
/// ones first; the count can be one less than none for a moment, while a connection comes back, and then the task runs
/// that many times round without an end.
fn kept<D: sqlx::Database>(options: PoolOptions<D>) -> PoolOptions<D> {
    options.idle_timeout(None).max_lifetime(None)
}

impl Db {
    /// Opens `sqlite:PATH` or `postgres://…`.
    ///
    /// # Errors
    /// [`StoreError::Address`] for another scheme, [`StoreError::Unreachable`] when nobody answers or lets us in.
    pub async fn open(url: &str, connections: u32) -> Result<Self, StoreError> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url)
                .map_err(|e| StoreError::Address { why: AddressError::Options { why: e.to_string() } })?;
            let options = options.application_name("huiliu");
            // A pool would say only that it waited too long.
            let place = server_place(&options);
            let unreachable = |why| StoreError::Unreachable { database: place.clone(), why };
            let refused = |e: sqlx::Error| unreachable(ConnectError::of(&e, PATIENCE.as_secs()));
            let asked = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options)).await;
            let silent = |_| unreachable(ConnectError::NoAnswer { seconds: PATIENCE.as_secs() });
            asked.map_err(silent)?.map_err(refused)?.close().await.map_err(refused)?;
            let pool = |n| kept(PgPoolOptions::new()).max_connections(n).acquire_timeout(PATIENCE);
            let loading = options.clone().options(LOAD_PLANS).options([(
                // A worker that is stopped in the middle of a commit must not hold its locks for ever.
                "idle_in_transaction_session_timeout",
                "30s",
            )]);
            let read = pool(3).connect_with(options).await.map_err(refused)?;
            return Ok(Self::Pg { load: pool(connections).connect_lazy_with(loading), read });
        }
        let Some(path) = url.strip_prefix("sqlite:") else {
            return Err(StoreError::Address { why: scheme_of(url) });
        };
        Self::open_sqlite(Path::new(path)).await
    }

    async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .pragma("cache_size", SQLITE_CACHE)
            .busy_timeout(Duration::from_secs(30));
        let unreachable = |e: sqlx::Error| StoreError::Unreachable {
            database: path.display().to_string(),
            why: ConnectError::of(&e, 60),
        };
        let write = kept(SqlitePoolOptions::new())
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(60))
            .connect_with(options.clone())
            .await
            .map_err(unreachable)?;
        let read =
            kept(SqlitePoolOptions::new()).max_connections(3).connect_with(options).await.map_err(unreachable)?;
        Ok(Self::Sqlite { write, read })
    }

    /// `postgresql` or `sqlite`, for people.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Pg { .. } => "postgresql",
            Self::Sqlite { .. } => "sqlite",
            Self::Rehearsal(rehearsal) => rehearsal.kind,
        }
    }

    /// The same database, for work of which nothing is to remain. Whoever else writes what it writes waits until it, and
    /// every copy of it, is dropped; on SQLite whoever writes at all.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn rehearse(&self) -> Result<Self, StoreError> {
        let mut whole = self.begin().await?;
        if let Tx::Pg(_) = whole {
            // A file is read and unpacked between two statements.
            whole.run("SET LOCAL idle_in_transaction_session_timeout = '5min'", vec![]).await?;
        }
        Ok(Self::Rehearsal(Rehearsal::of(whole, self.kind())))
    }

    /// Commits a rehearsal after all: its work stands from now on. Nobody else may hold a copy of it.
    ///
    /// # Errors
    /// [`StoreError`] also for a database that is no rehearsal.
    pub async fn commit_rehearsal(self) -> Result<(), StoreError> {
        match self {
            Self::Rehearsal(rehearsal) => rehearsal.commit().await,
            Self::Pg { .. } | Self::Sqlite { .. } => Err(RehearsalMisuse::NotOne.into()),
        }
    }

    /// Begins a write transaction (`BEGIN IMMEDIATE` on SQLite).
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Pg { load, .. } => Tx::Pg(load.begin().await?),
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Rehearsal(rehearsal) => rehearsal.begin().await?,
        })
    }

    /// Begins a transaction that only reads, sees one state of the database throughout, and holds up no writer.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn look(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Pg { load, .. } => Tx::Pg(load.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?),
            Self::Sqlite { read, .. } => Tx::Sqlite(read.begin().await?),
            Self::Rehearsal(rehearsal) => rehearsal.begin().await?,
        })
    }

    /// Reads outside a transaction.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn rows(&self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Pg { read, .. } => pg_rows(&read.fetch_all(pg_query(sql, args, None)).await?),
            Self::Sqlite { read, .. } => lite_rows(&read.fetch_all(lite_query(sql, args, None)?).await?),
            Self::Rehearsal(rehearsal) => rehearsal.between().await?.whole.rows(sql, args).await,
        }
    }

    /// Runs one statement in a transaction of its own.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn run(&self, sql: &str, args: Vec<Value>) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let done = tx.run(sql, args).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match self {
            Self::Pg { load, read } => {
                read.close().await;
                load.close().await;
            }
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            // It ends when it is dropped.
            Self::Rehearsal(_) => {}
        }
    }
}

/// A write transaction; dropped without [`Tx::commit`], nothing of it remains.
#[derive(Debug)]
pub enum Tx {
    /// On PostgreSQL.
    Pg(Transaction<'static, Postgres>),
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// A part of a rehearsal.
    Rehearsed(OwnedMutexGuard<Stage>),
}

/// What a transaction runs on.
enum On<'c> {
    Pg(&'c mut PgConnection),
    Sqlite(&'c mut SqliteConnection),
}

impl Tx {
    /// Whether nothing of it will remain.
    #[must_use]
    pub fn is_rehearsed(&self) -> bool {
        matches!(self, Self::Rehearsed(_))
    }

    fn on(&mut self) -> On<'_> {
        match self {
            Self::Pg(tx) => On::Pg(tx),
            Self::Sqlite(tx) => On::Sqlite(tx),
            Self::Rehearsed(stage) => stage.whole.on(),
        }
    }

    /// Runs a statement and gives the number of rows it touched.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn run(&mut self, sql: &str, args: Vec<Value>) -> Result<u64, StoreError> {
        Ok(match self.on() {
            On::Pg(tx) => tx.execute(pg_query(sql, args, None)).await?.rows_affected(),
            On::Sqlite(tx) => tx.execute(lite_query(sql, args, None)?).await?.rows_affected(),
        })
    }

    /// Runs a statement and gives its result rows.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn rows(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match self.on() {
            On::Pg(tx) => pg_rows(&tx.fetch_all(pg_query(sql, args, None)).await?),
            On::Sqlite(tx) => lite_rows(&tx.fetch_all(lite_query(sql, args, None)?).await?),
        }
    }

    /// As [`Tx::rows`], with a relation for `{rows}`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn rows_with(&mut self, sql: &str, args: Vec<Value>, relation: Rows<'_>) -> Result<Vec<Row>, StoreError> {
        match self.on() {
            On::Pg(tx) => pg_rows(&tx.fetch_all(pg_query(sql, args, Some(relation))).await?),
            On::Sqlite(tx) => lite_rows(&tx.fetch_all(lite_query(sql, args, Some(relation))?).await?),
        }
    }

    /// As [`Tx::run`], with a relation for `{rows}`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn run_with(&mut self, sql: &str, args: Vec<Value>, relation: Rows<'_>) -> Result<u64, StoreError> {
        Ok(match self.on() {
            On::Pg(tx) => tx.execute(pg_query(sql, args, Some(relation))).await?.rows_affected(),
            On::Sqlite(tx) => tx.execute(lite_query(sql, args, Some(relation))?).await?.rows_affected(),
        })
    }

    /// Copies a relation into a table, columns by name.
    ///
    /// # Errors
    /// [`StoreError::Statement`]; a row that is there already is one.
    pub async fn copy(&mut self, table: &'static str, relation: Rows<'_>) -> Result<(), StoreError> {
        if relation.len() == 0 {
            return Ok(());
        }
        let names = relation.name_list();
        match self.on() {
            // A short COPY is slower than a statement: its end waits for the delayed acknowledgement of its data.
            On::Pg(tx) if relation.len() < 500 => {
                let sql = format!("INSERT INTO {table} ({names}) SELECT {names} FROM {{rows}}");
                tx.execute(pg_query(&sql, vec![], Some(relation))).await?;
            }
            On::Pg(tx) => {
                let statement = format!("COPY {table} ({names}) FROM STDIN (FORMAT binary)");
                let mut copy = tx.copy_in_raw(&statement).await?;
                copy.send(relation.pg_copy()).await?;
                copy.finish().await?;
            }
            On::Sqlite(tx) => {
                let sql = format!("INSERT INTO {table} ({names}) SELECT {names} FROM {{rows}} WHERE true");
                tx.execute(lite_query(&sql, vec![], Some(relation))?).await?;
            }
        }
        Ok(())
    }

    /// Takes a lock that ends with the transaction; false when another transaction has it. SQLite has one writer.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn try_lock(&mut self, what: &str, number: i64) -> Result<bool, StoreError> {
        if let On::Sqlite(_) = self.on() {
            return Ok(true);
        }
        let sql = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, $2)) AS taken";
        let rows = self.rows(sql, vec![what.into(), number.into()]).await?;
        rows.first().map_or(Ok(false), |r| Ok(r.int("taken")? == 1))
    }

    /// As [`Tx::try_lock`], but waits for it.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn lock(&mut self, what: &str, number: i64) -> Result<(), StoreError> {
        if let On::Pg(_) = self.on() {
            let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, $2))";
            self.run(sql, vec![what.into(), number.into()]).await?;
        }
        Ok(())
    }

    /// The next `count` numbers of a table's `id`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn next_ids(&mut self, table: &'static str, count: usize) -> Result<Vec<i64>, StoreError> {
        let count = i64::try_from(count).unwrap_or(0);
        if count == 0 {
            return Ok(vec![]);
        }
        if let On::Pg(_) = self.on() {
            let sql = format!(
                "SELECT string_agg(nextval('{table}_id_seq'::regclass)::text, ',') AS ids FROM generate_series(1, $1)"
            );
            let ids =
                self.rows(&sql, vec![count.into()]).await?.first().map_or(Ok(String::new()), |r| r.text("ids"))?;
            return ids
                .split(',')
                .map(|id| id.parse().map_err(|_| StoreError::Column { column: "nextval".into() }))
                .collect();
        }
        let top = self.rows(&format!("SELECT coalesce(max(id), 0) AS top FROM {table}"), vec![]).await?;
        let top = top.first().map_or(Ok(0), |r| r.int("top"))?;
        Ok((top + 1..=top + count).collect())
    }

    /// Keeps other writers out of a table until the end of the transaction. SQLite has one writer.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn lock_table(&mut self, table: &'static str) -> Result<(), StoreError> {
        if let On::Pg(_) = self.on() {
            self.run(&format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"), vec![]).await?;
        }
        Ok(())
    }

    /// Makes everything done in it durable.
    ///
    /// # Errors
    /// [`StoreError::Statement`]; the outcome is then unknown and must be read again.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Pg(tx) => tx.commit().await?,
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Rehearsed(mut stage) => stage.commit().await?,
        }
        Ok(())
    }
}

/// What is told of an address that is none of ours: a password can stand behind the scheme.
fn scheme_of(url: &str) -> AddressError {
    url.split_once(':').map_or(AddressError::NoScheme, |(scheme, _)| AddressError::Scheme { scheme: scheme.to_owned() })
}

/// Host, port and name of a server's database.
fn server_place(options: &PgConnectOptions) -> String {
    let name = options.get_database().unwrap_or(options.get_username());
    format!("{}:{}/{name}", options.get_host(), options.get_port())
}
