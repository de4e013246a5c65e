//! The two databases behind one enum, and one way to run a statement on either.
//!
//! Statements use `$1…` for scalars. Placeholders are replaced by dialect:
//!
//! - `{now}`: the database's clock, in microseconds UTC.
//! - `{rows}`: a relation named `incoming`, made from the [`Rows`] that are bound last.
//! - `{lock}`, `{share}`, `{lock_free}`: lock the rows read, lock them against changes only, or lock those that no
//!   other transaction has locked. SQLite has one writer and needs none of these.
//! - `{join TABLE ALIAS ON CONDITION}` and `{left join …}`: look up each row by index, with the whole condition.
//!   Otherwise PostgreSQL may take a constant part of the condition for selective while a table is still empty, and
//!   keep that plan.

use std::borrow::Cow;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool, Postgres, Sqlite, SqlitePool};
use tokio::sync::OwnedMutexGuard;

use crate::sql::attached::{Attached, AuditHead, HeadKeeper};
use crate::sql::dialect::{lite_rows, pg_query, pg_rows, sqlite_query};
use crate::sql::durability::{CommitKind, Durability};
use crate::sql::error::{AddressError, ConnectError, RehearsalMisuse, StoreError};
use crate::sql::pooled::{PooledTransaction, check_statement};
use crate::sql::rehearsal::{Rehearsal, RehearsalStage};
use crate::sql::rows::{Row, Rows, Value};
use crate::sql::text_guard::TextGuard;
use huiliu_vault::keys::Keys;

/// How long to wait for a server's answer or for a free connection.
const PATIENCE: Duration = Duration::from_secs(15);
/// SQLite's page cache per connection. The minus sign makes SQLite read the value as KiB. The system's page cache lies
/// behind it: four times this size made a sync of 484,516 records no faster.
const SQLITE_CACHE: &str = "-4000";

/// A database: PostgreSQL, SQLite, or a rehearsal on either.
#[derive(Debug, Clone)]
pub enum Db {
    /// A PostgreSQL server.
    Pg {
        /// Connections for loads. They probe indexes, batch by batch, with prepared plans.
        load: PgPool,
        /// Connections for reports. The server chooses their plans.
        read: PgPool,
        /// What its transactions carry along.
        attached: Attached,
    },
    /// An embedded SQLite file: one writing connection, several reading ones.
    Sqlite {
        /// The only connection that writes.
        write: SqlitePool,
        /// Connections that only read.
        read: SqlitePool,
        /// When commits are on disk.
        durability: Arc<Durability>,
        /// Whether commits may be lost in a power cut, because the work is then done again.
        is_redoable: bool,
        /// What its transactions carry along.
        attached: Attached,
    },
    /// Either of them, inside one transaction that is rolled back at the end.
    Rehearsal(Rehearsal),
}

/// Planner settings for loads. A batch is always far smaller than the tables it is compared with, so probing indexes is
/// right and scanning never is, even when the server has no statistics yet or a plan dates from when the tables were
/// empty.
const LOAD_PLANS: [(&str, &str); 5] = [
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_material", "off"),
    ("jit", "off"),
];

/// Makes a pool keep its connections for its whole life.
///
/// The task by which sqlx 0.9.0 closes old connections first counts the idle ones. While a connection is being
/// returned, that count can briefly underflow to −1, and the task then loops almost without end.
fn keep_connections<D: sqlx::Database>(options: PoolOptions<D>) -> PoolOptions<D> {
    options.idle_timeout(None).max_lifetime(None)
}

impl Db {
    /// Opens the database at `sqlite:PATH` or `postgres://…`. Creates the SQLite file if it is missing.
    ///
    /// # Errors
    /// [`StoreError::Address`] for another scheme; [`StoreError::Unreachable`] if the server does not answer or refuses
    /// the connection.
    pub async fn open(url: &str, connections: u32) -> Result<Self, StoreError> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url)
                .map_err(|e| StoreError::Address { why: AddressError::Options { why: e.to_string() } })?;
            let options = options.application_name("huiliu");
            // Connect once without the pool: a pool would report only that it waited too long.
            let place = format_server(&options);
            let unreachable = |why| StoreError::Unreachable { database: place.clone(), why };
            let refused = |e: sqlx::Error| unreachable(ConnectError::from_sqlx(&e, PATIENCE.as_secs()));
            let asked = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options)).await;
            let silent = |_| unreachable(ConnectError::NoAnswer { seconds: PATIENCE.as_secs() });
            asked.map_err(silent)?.map_err(refused)?.close().await.map_err(refused)?;
            let pool = |n| {
                let pool = keep_connections(PgPoolOptions::new()).max_connections(n).acquire_timeout(PATIENCE);
                pool.after_connect(|connection, _| Box::pin(async move { require_synced_commits(connection).await }))
            };
            let loading = options.clone().options(LOAD_PLANS).options([(
                // A worker that stops in the middle of a commit must not hold its locks forever.
                "idle_in_transaction_session_timeout",
                "30s",
            )]);
            let read = pool(3).connect_with(options).await.map_err(refused)?;
            let load = pool(connections).connect_lazy_with(loading);
            return Ok(Self::Pg { load, read, attached: Attached::default() });
        }
        let Some(path) = url.strip_prefix("sqlite:") else {
            return Err(StoreError::Address { why: unknown_address(url) });
        };
        Self::open_sqlite(Path::new(path)).await
    }

    async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("cache_size", SQLITE_CACHE)
            .busy_timeout(Duration::from_secs(30));
        let unreachable = |e: sqlx::Error| StoreError::Unreachable {
            database: path.display().to_string(),
            why: ConnectError::from_sqlx(&e, 60),
        };
        let durability = Arc::new(Durability::default());
        let noted = Arc::clone(&durability);
        let write = keep_connections(SqlitePoolOptions::new())
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(60))
            .after_connect(move |_, _| {
                noted.note_new_connection();
                Box::pin(std::future::ready(Ok(())))
            })
            .connect_with(options.clone())
            .await
            .map_err(unreachable)?;
        let read = keep_connections(SqlitePoolOptions::new())
            .max_connections(3)
            .connect_with(options)
            .await
            .map_err(unreachable)?;
        Ok(Self::Sqlite { write, read, durability, is_redoable: false, attached: Attached::default() })
    }

    /// Returns this database for work that is done again if a power cut takes it back, such as a delivery. Its commits
    /// do not wait for the disk. Those of SQLite may be lost then, the last ones first. A server decides by itself.
    #[must_use]
    pub fn redoable(&self) -> Self {
        let mut same = self.clone();
        if let Self::Sqlite { is_redoable, .. } = &mut same {
            *is_redoable = true;
        }
        same
    }

    /// Returns when everything that was committed before is on disk. Those who wait at the same time share one sync.
    ///
    /// # Errors
    /// [`StoreError::Statement`]; it is then unknown what is on disk.
    pub async fn sync(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { write, durability, .. } => Ok(durability.sync(write).await?),
            // A server has synced each commit.
            Self::Pg { .. } | Self::Rehearsal(_) => Ok(()),
        }
    }

    /// Tells this database and its clones the keys, by which texts that differ only in an ID number stay different.
    pub fn set_keys(&self, keys: &Keys) {
        match self {
            Self::Pg { attached, .. } | Self::Sqlite { attached, .. } => attached.texts.set_keys(keys),
            // The database that it is on has them.
            Self::Rehearsal(_) => {}
        }
    }

    /// Sets who is told of each new end of the audit log.
    pub fn set_head_keeper(&self, keeper: Box<dyn HeadKeeper>) {
        match self {
            Self::Pg { attached, .. } | Self::Sqlite { attached, .. } => attached.set_keeper(keeper),
            Self::Rehearsal(_) => {}
        }
    }

    /// Returns `postgresql` or `sqlite`, for display.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Pg { .. } => "postgresql",
            Self::Sqlite { .. } => "sqlite",
            Self::Rehearsal(rehearsal) => rehearsal.kind,
        }
    }

    /// Returns whether this is a rehearsal, of which nothing remains.
    #[must_use]
    pub fn is_rehearsal(&self) -> bool {
        matches!(self, Self::Rehearsal(_))
    }

    /// Begins a rehearsal: the same database, for work that is rolled back at the end.
    ///
    /// Until the rehearsal and all its clones are dropped, other writers of the same rows wait. On SQLite, all writers
    /// wait.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn begin_rehearsal(&self) -> Result<Self, StoreError> {
        let mut whole = self.begin().await?;
        if let Tx::Pg(..) = whole {
            // A file may be read and unpacked between two statements.
            whole.execute("SET LOCAL idle_in_transaction_session_timeout = '5min'", vec![]).await?;
        }
        Ok(Self::Rehearsal(Rehearsal::new(whole, self.kind())))
    }

    /// Commits a rehearsal after all, so that its work becomes permanent. No other clone of it may exist.
    ///
    /// # Errors
    /// [`StoreError`], also if this database is not a rehearsal.
    pub async fn commit_rehearsal(self) -> Result<(), StoreError> {
        match self {
            Self::Rehearsal(rehearsal) => rehearsal.commit().await,
            Self::Pg { .. } | Self::Sqlite { .. } => Err(RehearsalMisuse::NotOne.into()),
        }
    }

    /// Begins a write transaction (`BEGIN IMMEDIATE` on SQLite). What it commits is on disk when the commit returns, unless
    /// this database is [`Db::redoable`].
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Pg { load, attached, .. } => {
                Tx::Pg(PooledTransaction::begin(load.acquire().await?, "BEGIN").await?, attached.clone())
            }
            Self::Sqlite { write, durability, is_redoable, attached, .. } => {
                let kind = if *is_redoable { CommitKind::Redoable } else { CommitKind::Synced };
                let attached = if *is_redoable { attached.with_unsynced(write) } else { attached.clone() };
                Tx::Sqlite(durability.begin(write, kind).await?, Arc::clone(durability), attached)
            }
            Self::Rehearsal(rehearsal) => rehearsal.begin_part().await?,
        })
    }

    /// Begins a read-only transaction. It sees one state of the database throughout and blocks no writer.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn begin_read_only(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Pg { load, attached, .. } => {
                let statement = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Tx::Pg(PooledTransaction::begin(load.acquire().await?, statement).await?, attached.clone())
            }
            Self::Sqlite { read, durability, attached, .. } => {
                let tx = PooledTransaction::begin(read.acquire().await?, "BEGIN").await?;
                Tx::Sqlite(tx, Arc::clone(durability), attached.clone())
            }
            Self::Rehearsal(rehearsal) => rehearsal.begin_part().await?,
        })
    }

    /// Runs a query outside a transaction and returns its rows.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn fetch_rows(&self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Pg { read, attached, .. } => {
                let mut connection = read.acquire().await?;
                let read = connection.fetch_all(pg_query(sql, attached.texts.clean_args(args), None)).await;
                pg_rows(&check_statement(&mut connection, read)?)
            }
            Self::Sqlite { read, attached, .. } => {
                let query = sqlite_query(sql, attached.texts.clean_args(args), None)?;
                let mut connection = read.acquire().await?;
                let read = connection.fetch_all(query).await;
                lite_rows(&check_statement(&mut connection, read)?)
            }
            Self::Rehearsal(rehearsal) => rehearsal.lock_between_parts().await?.whole.fetch_rows(sql, args).await,
        }
    }

    /// Runs one statement in its own transaction and returns the number of affected rows.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn execute(&self, sql: &str, args: Vec<Value>) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let done = tx.execute(sql, args).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Pg { load, read, attached } => {
                attached.finish().await;
                read.close().await;
                load.close().await;
            }
            Self::Sqlite { write, read, attached, .. } => {
                attached.finish().await;
                read.close().await;
                write.close().await;
            }
            // A rehearsal ends when it is dropped.
            Self::Rehearsal(_) => {}
        }
    }
}

/// A transaction. If it is dropped without [`Tx::commit`], it is rolled back.
#[derive(Debug)]
pub enum Tx {
    /// A transaction on PostgreSQL.
    Pg(PooledTransaction<Postgres>, Attached),
    /// A transaction on SQLite, and when its commit is on disk.
    Sqlite(PooledTransaction<Sqlite>, Arc<Durability>, Attached),
    /// One part of a rehearsal.
    Rehearsed(OwnedMutexGuard<RehearsalStage>),
}

/// The transaction of a server or file that a transaction is or is part of.
enum OpenTx<'c> {
    Pg(&'c mut PooledTransaction<Postgres>),
    Sqlite(&'c mut PooledTransaction<Sqlite>),
}

impl Tx {
    /// Returns true if the transaction is part of a rehearsal, so that its work is rolled back unless the rehearsal is
    /// committed.
    #[must_use]
    pub fn is_rehearsed(&self) -> bool {
        matches!(self, Self::Rehearsed(_))
    }

    fn open(&mut self) -> OpenTx<'_> {
        match self {
            Self::Pg(tx, _) => OpenTx::Pg(tx),
            Self::Sqlite(tx, ..) => OpenTx::Sqlite(tx),
            Self::Rehearsed(stage) => stage.whole.open(),
        }
    }

    /// Returns a text as it is stored.
    pub(crate) fn clean_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.guard().clean(text)
    }

    fn guard(&self) -> &TextGuard {
        match self {
            Self::Pg(_, attached) | Self::Sqlite(_, _, attached) => &attached.texts,
            Self::Rehearsed(stage) => stage.whole.guard(),
        }
    }

    /// Has the end of the audit log kept outside the database, once the transaction is committed.
    pub(crate) fn note_head(&mut self, head: AuditHead) {
        match self {
            Self::Pg(_, attached) | Self::Sqlite(_, _, attached) => attached.note_head(head),
            Self::Rehearsed(stage) => stage.whole.note_head(head),
        }
    }

    /// Runs a statement and returns the number of affected rows.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn execute(&mut self, sql: &str, args: Vec<Value>) -> Result<u64, StoreError> {
        let args = self.guard().clean_args(args);
        Ok(match self.open() {
            OpenTx::Pg(tx) => tx.execute(pg_query(sql, args, None)).await?,
            OpenTx::Sqlite(tx) => tx.execute(sqlite_query(sql, args, None)?).await?,
        })
    }

    /// Runs a statement and returns its result rows.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn fetch_rows(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let args = self.guard().clean_args(args);
        match self.open() {
            OpenTx::Pg(tx) => pg_rows(&tx.fetch_all(pg_query(sql, args, None)).await?),
            OpenTx::Sqlite(tx) => lite_rows(&tx.fetch_all(sqlite_query(sql, args, None)?).await?),
        }
    }

    /// Does the same as [`Tx::fetch_rows`], with a relation for `{rows}`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn fetch_rows_with(
        &mut self,
        sql: &str,
        args: Vec<Value>,
        relation: Rows<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let (args, relation) = (self.guard().clean_args(args), self.guard().clean_rows(relation));
        match self.open() {
            OpenTx::Pg(tx) => pg_rows(&tx.fetch_all(pg_query(sql, args, Some(relation))).await?),
            OpenTx::Sqlite(tx) => lite_rows(&tx.fetch_all(sqlite_query(sql, args, Some(relation))?).await?),
        }
    }

    /// Does the same as [`Tx::execute`], with a relation for `{rows}`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn execute_with(&mut self, sql: &str, args: Vec<Value>, relation: Rows<'_>) -> Result<u64, StoreError> {
        let (args, relation) = (self.guard().clean_args(args), self.guard().clean_rows(relation));
        Ok(match self.open() {
            OpenTx::Pg(tx) => tx.execute(pg_query(sql, args, Some(relation))).await?,
            OpenTx::Sqlite(tx) => tx.execute(sqlite_query(sql, args, Some(relation))?).await?,
        })
    }

    /// Inserts a relation into a table, matching columns by name.
    ///
    /// # Errors
    /// [`StoreError::Statement`], also if a row exists already.
    pub async fn insert_rows(&mut self, table: &'static str, relation: Rows<'_>) -> Result<(), StoreError> {
        if relation.len() == 0 {
            return Ok(());
        }
        let (names, relation) = (relation.name_list(), self.guard().clean_rows(relation));
        match self.open() {
            // For few rows, COPY is slower than INSERT: its end waits for the delayed acknowledgement of its data.
            OpenTx::Pg(tx) if relation.len() < 500 => {
                let sql = format!("INSERT INTO {table} ({names}) SELECT {names} FROM {{rows}}");
                tx.execute(pg_query(&sql, vec![], Some(relation))).await?;
            }
            OpenTx::Pg(tx) => {
                let statement = format!("COPY {table} ({names}) FROM STDIN (FORMAT binary)");
                tx.copy(&statement, relation.to_pg_copy()).await?;
            }
            OpenTx::Sqlite(tx) => {
                let sql = format!("INSERT INTO {table} ({names}) SELECT {names} FROM {{rows}} WHERE true");
                tx.execute(sqlite_query(&sql, vec![], Some(relation))?).await?;
            }
        }
        Ok(())
    }

    /// Tries to take an advisory lock that ends with the transaction. Returns false if another transaction holds it.
    /// Always succeeds on SQLite, which has one writer.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn try_advisory_lock(&mut self, what: &str, number: i64) -> Result<bool, StoreError> {
        if let OpenTx::Sqlite(_) = self.open() {
            return Ok(true);
        }
        let sql = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, $2)) AS taken";
        let rows = self.fetch_rows(sql, vec![what.into(), number.into()]).await?;
        rows.first().map_or(Ok(false), |r| Ok(r.int("taken")? == 1))
    }

    /// Does the same as [`Tx::try_advisory_lock`], but waits for the lock.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn take_advisory_lock(&mut self, what: &str, number: i64) -> Result<(), StoreError> {
        if let OpenTx::Pg(_) = self.open() {
            let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, $2))";
            self.execute(sql, vec![what.into(), number.into()]).await?;
        }
        Ok(())
    }

    /// Does the same as [`Tx::take_advisory_lock`], but shares the lock with others who share it. Locks are granted in the
    /// order in which they are asked for, so that no stream of shared locks keeps somebody waiting who wants it alone.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn share_advisory_lock(&mut self, what: &str, number: i64) -> Result<(), StoreError> {
        if let OpenTx::Pg(_) = self.open() {
            let sql = "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, $2))";
            self.execute(sql, vec![what.into(), number.into()]).await?;
        }
        Ok(())
    }

    /// Reserves the next `count` values of a table's `id`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn reserve_ids(&mut self, table: &'static str, count: usize) -> Result<Vec<i64>, StoreError> {
        let count = i64::try_from(count).unwrap_or(0);
        if count == 0 {
            return Ok(vec![]);
        }
        if let OpenTx::Pg(_) = self.open() {
            let sql = format!(
                "SELECT string_agg(nextval('{table}_id_seq'::regclass)::text, ',') AS ids FROM generate_series(1, $1)"
            );
            let ids = self
                .fetch_rows(&sql, vec![count.into()])
                .await?
                .first()
                .map_or(Ok(String::new()), |r| r.text("ids"))?;
            return ids
                .split(',')
                .map(|id| id.parse().map_err(|_| StoreError::Column { column: "nextval".into() }))
                .collect();
        }
        let top = self.fetch_rows(&format!("SELECT coalesce(max(id), 0) AS top FROM {table}"), vec![]).await?;
        let top = top.first().map_or(Ok(0), |r| r.int("top"))?;
        Ok((top + 1..=top + count).collect())
    }

    /// Keeps other writers out of a table until the transaction ends. SQLite has one writer and needs no lock.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn lock_table(&mut self, table: &'static str) -> Result<(), StoreError> {
        if let OpenTx::Pg(_) = self.open() {
            self.execute(&format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"), vec![]).await?;
        }
        Ok(())
    }

    /// Rolls the transaction back at once, so that its locks are free. A dropped transaction is rolled back a little later.
    ///
    /// # Errors
    /// [`StoreError::Statement`]; nothing is written then either.
    pub async fn roll_back(self) -> Result<(), StoreError> {
        match self {
            Self::Pg(tx, _) => tx.roll_back().await?,
            Self::Sqlite(tx, ..) => tx.roll_back().await?,
            // The next part of the rehearsal rolls this one back.
            Self::Rehearsed(_) => {}
        }
        Ok(())
    }

    /// Commits the transaction.
    ///
    /// # Errors
    /// [`StoreError::Statement`]; the outcome is then unknown and must be read from the database.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Pg(tx, attached) => {
                tx.commit().await?;
                attached.keep_head();
            }
            Self::Sqlite(tx, durability, attached) => {
                durability.check_commit(tx.commit().await)?;
                // No head is kept of what a power cut may take back.
                match attached.pool_to_sync() {
                    Some(pool) if durability.sync(pool).await.is_err() => {}
                    _ => attached.keep_head(),
                }
            }
            Self::Rehearsed(mut stage) => stage.end_part().await?,
        }
        Ok(())
    }
}

/// Has commits wait for the server's disk, if the server is set up so that they do not.
async fn require_synced_commits(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let statement =
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";
    connection.execute(statement).await.map(drop)
}

/// Describes an address with an unknown scheme. It keeps only the scheme, because a password may follow it.
fn unknown_address(url: &str) -> AddressError {
    url.split_once(':').map_or(AddressError::NoScheme, |(scheme, _)| AddressError::Scheme { scheme: scheme.to_owned() })
}

/// Formats host, port and database name of a server.
fn format_server(options: &PgConnectOptions) -> String {
    let name = options.get_database().unwrap_or(options.get_username());
    format!("{}:{}/{name}", options.get_host(), options.get_port())
}
