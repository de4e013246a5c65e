//! Filters of listings, and the values that filters can have.

use std::collections::BTreeSet;

use crate::ledger::status::has_status;
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use crate::sql::rows::{Rows, Value};
use huiliu_rules::ledger::SourceStatus;

/// Selects rows of a listing. All given conditions must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// Rows of this source.
    pub source: Option<String>,
    /// Rows of sources with this connector.
    pub connector: Option<String>,
    /// Rows of this run.
    pub run: Option<i64>,
    /// Only training records of which two contents came as the same version.
    pub flagged: bool,
    /// Only training records of which the source says this.
    pub status: Option<SourceStatus>,
}

/// Conditions of a statement and their arguments.
pub(crate) struct Conditions {
    /// The conditions as SQL; each begins with ` AND `.
    pub sql: String,
    /// All arguments of the statement, in order.
    pub args: Vec<Value>,
}

impl Conditions {
    /// Starts without conditions; `args` are the statement's other arguments.
    pub fn new(args: Vec<Value>) -> Self {
        Self { sql: String::new(), args }
    }

    /// Adds a condition with one `?`, if there is a value for it.
    pub fn add_if_some(&mut self, condition: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.args.push(value);
            self.sql += &format!(" AND {}", condition.replace('?', &format!("${}", self.args.len())));
        }
    }
}

/// Builds the conditions of a filter on sources; `args` are the statement's other arguments.
pub(crate) fn of_sources(args: Vec<Value>, of: &RowFilter) -> Conditions {
    let mut more = Conditions::new(args);
    more.add_if_some("s.name = ?", of.source.as_deref().map(Value::from));
    more.add_if_some("s.connector = ?", of.connector.as_deref().map(Value::from));
    more
}

/// Builds the conditions of a filter on training records; `args` are the statement's other arguments.
pub(crate) fn of_records(args: Vec<Value>, of: &RowFilter) -> Conditions {
    let mut more = of_sources(args, of);
    more.add_if_some("r.flagged = ?", of.flagged.then_some(Value::from(1_i64)));
    if let Some(status) = of.status {
        more.sql += &format!(" AND {}", has_status("r", status));
    }
    more
}

/// Builds the conditions of a filter on batches.
pub(crate) fn of_batches(args: Vec<Value>, of: &RowFilter) -> Conditions {
    let mut more = of_sources(args, of);
    more.add_if_some("b.run_id = ?", of.run.map(Value::from));
    more
}

/// Returns the number that a statement selects as `n`.
pub(crate) async fn fetch_count(db: &Db, sql: &str, args: Vec<Value>) -> Result<i64, StoreError> {
    db.fetch_rows(sql, args).await?.first().map_or(Ok(0), |row| row.int("n"))
}

/// A source in the database.
#[derive(Debug)]
pub struct StoredSource {
    /// Its name, such as `changchun-platform`.
    pub name: String,
    /// Id of its connector.
    pub connector: String,
}

/// Lists the sources in the database, by name.
///
/// # Errors
/// [`StoreError`].
pub async fn list_sources(db: &Db) -> Result<Vec<StoredSource>, StoreError> {
    let rows = db.fetch_rows("SELECT name, connector FROM source ORDER BY name", vec![]).await?;
    rows.iter().map(|row| Ok(StoredSource { name: row.text("name")?, connector: row.text("connector")? })).collect()
}

/// Returns the number of the newest run, if there is one.
///
/// # Errors
/// [`StoreError`].
pub async fn find_newest_run(db: &Db) -> Result<Option<i64>, StoreError> {
    let rows = db.fetch_rows("SELECT id FROM sync_run ORDER BY id DESC LIMIT 1", vec![]).await?;
    rows.first().map(|row| row.int("id")).transpose()
}

/// Returns true if there is a run with this number.
///
/// # Errors
/// [`StoreError`].
pub async fn has_run(db: &Db, run: i64) -> Result<bool, StoreError> {
    Ok(!db.fetch_rows("SELECT id FROM sync_run WHERE id = $1", vec![run.into()]).await?.is_empty())
}

/// A column of causes that filters name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CauseColumn {
    /// Reason codes.
    Code,
    /// Raw fields.
    Field,
}

/// Lists the values of a column of the causes of dead letters in any state.
///
/// # Errors
/// [`StoreError`].
pub async fn list_cause_values(db: &Db, column: CauseColumn) -> Result<BTreeSet<String>, StoreError> {
    let column = match column {
        CauseColumn::Code => "code",
        CauseColumn::Field => "source_field",
    };
    let rows = db.fetch_rows(&format!("SELECT DISTINCT {column} AS value FROM cause"), vec![]).await?;
    rows.iter().map(|row| row.text("value")).collect()
}

/// Returns true if there is a cause with this number.
///
/// # Errors
/// [`StoreError`].
pub async fn has_cause(db: &Db, cause: i64) -> Result<bool, StoreError> {
    Ok(!db.fetch_rows("SELECT id FROM cause WHERE id = $1", vec![cause.into()]).await?.is_empty())
}

/// Returns true if a payload has this address.
///
/// # Errors
/// [`StoreError`].
pub async fn has_payload_at(db: &Db, address: &str) -> Result<bool, StoreError> {
    Ok(!db.fetch_rows("SELECT id FROM payload WHERE address = $1 LIMIT 1", vec![address.into()]).await?.is_empty())
}

/// Returns those of some payloads that do not exist.
///
/// # Errors
/// [`StoreError`].
pub async fn find_unknown_payloads(db: &Db, payloads: &[i64]) -> Result<Vec<i64>, StoreError> {
    let mut tx = db.begin_read_only().await?;
    let sql = "SELECT p.id AS id FROM {rows} {join payload p ON p.id = incoming.id}";
    let known = tx.fetch_rows_with(sql, vec![], Rows::new().int("id", payloads.iter().copied().map(Some))).await?;
    let known: Vec<i64> = known.iter().map(|row| row.int("id")).collect::<Result<_, _>>()?;
    Ok(payloads.iter().copied().filter(|id| !known.contains(id)).collect())
}

/// Lists the codes of the institutions.
///
/// # Errors
/// [`StoreError`].
pub async fn list_institutions(db: &Db) -> Result<Vec<String>, StoreError> {
    let rows = db.fetch_rows("SELECT code FROM institution ORDER BY code", vec![]).await?;
    rows.iter().map(|row| row.text("code")).collect()
}
