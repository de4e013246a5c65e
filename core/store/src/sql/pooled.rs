//! Transactions on pooled connections. A connection whose state is in doubt is closed and not given back to the pool, so
//! that the next user gets a new one.
//!
//! SQLite ends a transaction by itself when the disk is full or fails. The driver does not notice: a connection that
//! counts its transactions there begins no other one. A connection that SQLite opened while the file was read-only stays
//! read-only. A commit that fails, or that nobody waits for any more, leaves its outcome unknown.

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Database, Executor as _, PgConnection, Postgres, Sqlite, SqliteConnection};

use crate::sql::dialect::{PgQuery, SqliteQuery};

/// A database whose connections can run a statement without arguments or results.
pub trait Commands: Database {
    /// Runs a statement.
    fn run(
        connection: &mut Self::Connection,
        statement: &'static str,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

impl Commands for Postgres {
    async fn run(connection: &mut PgConnection, statement: &'static str) -> Result<(), sqlx::Error> {
        connection.execute(statement).await.map(drop)
    }
}

impl Commands for Sqlite {
    async fn run(connection: &mut SqliteConnection, statement: &'static str) -> Result<(), sqlx::Error> {
        connection.execute(statement).await.map(drop)
    }
}

/// A transaction that has a pooled connection. If it is dropped without [`PooledTransaction::commit`], it is rolled back.
#[derive(Debug)]
pub struct PooledTransaction<D: Commands> {
    /// `None` once the value is dropped.
    connection: Option<PoolConnection<D>>,
    state: TransactionState,
}

/// What is known about a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TransactionState {
    /// It is open.
    Open,
    /// It has ended.
    Ended,
    /// Whether it has ended is unknown, or its connection is not to be trusted.
    InDoubt,
}

impl<D: Commands> PooledTransaction<D> {
    /// Begins a transaction with a statement of the caller.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) async fn begin(connection: PoolConnection<D>, statement: &'static str) -> Result<Self, sqlx::Error> {
        let mut begun = Self { connection: Some(connection), state: TransactionState::InDoubt };
        begun.run(statement).await?;
        begun.state = TransactionState::Open;
        Ok(begun)
    }

    /// Commits the transaction. After an error, or if nobody waits for the end, the outcome is unknown.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.end("COMMIT").await
    }

    /// Rolls the transaction back at once.
    ///
    /// # Errors
    /// The driver's. Nothing is written then either.
    pub(crate) async fn roll_back(mut self) -> Result<(), sqlx::Error> {
        // Closing the connection rolls back too.
        if self.state == TransactionState::InDoubt { Ok(()) } else { self.end("ROLLBACK").await }
    }

    async fn end(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        self.state = TransactionState::InDoubt;
        self.run(statement).await?;
        self.state = TransactionState::Ended;
        Ok(())
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        D::run(self.connection()?, statement).await
    }

    fn connection(&mut self) -> Result<&mut D::Connection, sqlx::Error> {
        self.connection.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Looks at the result of a statement, so that the connection is closed if the error concerns it.
    fn check<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if result.as_ref().is_err_and(concerns_connection) {
            self.state = TransactionState::InDoubt;
        }
        result
    }
}

impl PooledTransaction<Postgres> {
    /// Runs a statement and returns the number of affected rows.
    pub(crate) async fn execute(&mut self, query: PgQuery) -> Result<u64, sqlx::Error> {
        let done = self.connection()?.execute(query).await;
        self.check(done).map(|done| done.rows_affected())
    }

    /// Runs a statement and returns its rows.
    pub(crate) async fn fetch_all(&mut self, query: PgQuery) -> Result<Vec<PgRow>, sqlx::Error> {
        let read = self.connection()?.fetch_all(query).await;
        self.check(read)
    }

    /// Copies rows into a table.
    pub(crate) async fn copy(&mut self, statement: &str, rows: Vec<u8>) -> Result<(), sqlx::Error> {
        let copied = copy_in(self.connection()?, statement, rows).await;
        self.check(copied)
    }
}

async fn copy_in(connection: &mut PgConnection, statement: &str, rows: Vec<u8>) -> Result<(), sqlx::Error> {
    let mut copy = connection.copy_in_raw(statement).await?;
    copy.send(rows).await?;
    copy.finish().await.map(drop)
}

impl PooledTransaction<Sqlite> {
    /// Runs a statement and returns the number of affected rows.
    pub(crate) async fn execute(&mut self, query: SqliteQuery) -> Result<u64, sqlx::Error> {
        let done = self.connection()?.execute(query).await;
        self.check(done).map(|done| done.rows_affected())
    }

    /// Runs a statement and returns its rows.
    pub(crate) async fn fetch_all(&mut self, query: SqliteQuery) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let read = self.connection()?.fetch_all(query).await;
        self.check(read)
    }
}

impl<D: Commands> Drop for PooledTransaction<D> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        match (self.state, tokio::runtime::Handle::try_current()) {
            (TransactionState::Ended, _) => {}
            (TransactionState::Open, Ok(runtime)) => {
                runtime.spawn(async move {
                    if D::run(&mut connection, "ROLLBACK").await.is_err() {
                        connection.close_on_drop();
                    }
                });
            }
            _ => connection.close_on_drop(),
        }
    }
}

/// Has a connection closed if a statement outside a transaction failed in a way that concerns it.
pub(crate) fn check_statement<D: Database, T>(
    connection: &mut PoolConnection<D>,
    result: Result<T, sqlx::Error>,
) -> Result<T, sqlx::Error> {
    if result.as_ref().is_err_and(concerns_connection) {
        connection.close_on_drop();
    }
    result
}

/// Returns true if an error may leave a connection in a state that the driver does not know. An error of the statement
/// itself, such as a duplicate key, does not.
fn concerns_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(told) => told.code().is_none_or(|code| is_code_of_connection(&code)),
        sqlx::Error::RowNotFound
        | sqlx::Error::TypeNotFound { .. }
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Encode(_)
        | sqlx::Error::Decode(_) => false,
        _ => true,
    }
}

/// Looks at a code: a SQLSTATE has five characters, an error number of SQLite has fewer, its kind in the last byte.
fn is_code_of_connection(code: &str) -> bool {
    const NO_MEMORY: u32 = 7;
    const READ_ONLY: u32 = 8;
    const INPUT_OUTPUT: u32 = 10;
    const DAMAGED: u32 = 11;
    const FULL: u32 = 13;
    const CANNOT_OPEN: u32 = 14;
    const LOCKING: u32 = 15;
    const MISUSE: u32 = 21;
    const NOT_A_DATABASE: u32 = 26;
    if code.len() == 5 {
        // Lost connections, a server that stops or has failed, and a server that ended an idle transaction.
        return ["08", "57P", "58", "XX", "25P03", "25006"].iter().any(|class| code.starts_with(class));
    }
    let Ok(number) = code.parse::<u32>() else { return true };
    matches!(
        number & 0xff,
        NO_MEMORY | READ_ONLY | INPUT_OUTPUT | DAMAGED | FULL | CANNOT_OPEN | LOCKING | MISUSE | NOT_A_DATABASE
    )
}

#[cfg(test)]
mod tests {
    use sqlx::Executor as _;

    use crate::sql::db::Db;

    /// Opens a database, and changes how its writing connection behaves until it is closed.
    async fn open_with_pragma(name: &str, pragma: &'static str) -> (Db, std::path::PathBuf) {
        let file = std::env::temp_dir().join(format!("huiliu-pooled-{}-{name}.db", std::process::id()));
        let db = Db::open(&format!("sqlite:{}", file.display()), 1).await.unwrap();
        db.execute("CREATE TABLE t (v BLOB)", vec![]).await.unwrap();
        if let Db::Sqlite { write, .. } = &db {
            write.execute(pragma).await.unwrap();
        }
        (db, file)
    }

    async fn write_blob(db: &Db) -> bool {
        db.execute("INSERT INTO t VALUES (zeroblob(1000000))", vec![]).await.is_ok()
    }

    #[tokio::test]
    async fn a_connection_on_a_full_or_read_only_file_is_replaced() {
        for (name, pragma) in [("full", "PRAGMA max_page_count = 10"), ("read-only", "PRAGMA query_only = on")] {
            let (db, file) = open_with_pragma(name, pragma).await;
            assert!(!write_blob(&db).await, "{name}");
            // The new connection has no such limit.
            assert!(write_blob(&db).await && write_blob(&db.redoable()).await, "{name}");
            db.sync().await.unwrap();
            assert_eq!(db.fetch_rows("SELECT count(*) AS n FROM t", vec![]).await.unwrap()[0].int("n").unwrap(), 2);
            db.close().await;
            std::fs::remove_file(file).unwrap();
        }
    }

    #[tokio::test]
    async fn a_connection_outlives_a_refused_statement() {
        let (db, file) = open_with_pragma("refused", "PRAGMA max_page_count = 100").await;
        db.execute("CREATE UNIQUE INDEX u ON t (v)", vec![]).await.unwrap();
        let insert = "INSERT INTO t VALUES ('a')";
        assert!(db.execute(insert, vec![]).await.is_ok() && db.execute(insert, vec![]).await.is_err());
        let rows = db.begin().await.unwrap().fetch_rows("PRAGMA max_page_count", vec![]).await.unwrap();
        assert_eq!(rows[0].int("max_page_count").unwrap(), 100);
        db.close().await;
        std::fs::remove_file(file).unwrap();
    }
}
