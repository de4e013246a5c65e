//! Filters of listings, and the values that filters can have.

use std::collections::BTreeSet;

use crate::ledger::status::has_status;
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use crate::sql::rows::Value;
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
    /// Rows with this reason code among their reasons.
    pub code: Option<String>,
    /// Only dead letters whose record may have been corrected under another key.
    pub has_candidate: bool,
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

/// Builds the conditions of a filter on dead letters.
pub(crate) fn of_letters(args: Vec<Value>, of: &RowFilter) -> Conditions {
    let mut more = of_sources(args, of);
    more.add_if_some("d.reasons LIKE ? ESCAPE '\\'", of.code.as_deref().map(|code| code_pattern(code).into()));
    more.add_if_some(
        "EXISTS (SELECT 1 FROM dead_letter_sighting g JOIN batch b ON b.id = g.batch_id
                 WHERE g.dead_letter_id = d.id AND b.run_id = ?)",
        of.run.map(Value::from),
    );
    if of.has_candidate {
        more.sql +=
            " AND EXISTS (SELECT 1 FROM letter_successor c WHERE c.dead_letter_id = d.id AND c.state = 'noticed'
                     AND c.batch_id > d.batch_id)";
    }
    more
}

/// Returns the number that a statement selects as `n`.
pub(crate) async fn fetch_count(db: &Db, sql: &str, args: Vec<Value>) -> Result<i64, StoreError> {
    db.fetch_rows(sql, args).await?.first().map_or(Ok(0), |row| row.int("n"))
}

/// Returns a LIKE pattern that finds a code in the stored reasons of a dead letter. The escape character is `\`.
pub(crate) fn code_pattern(code: &str) -> String {
    format!("%\"code\":\"{}\"%", code.replace(['\\', '%'], "").replace('_', "\\_"))
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

/// Lists the reason codes of dead letters in any state.
///
/// # Errors
/// [`StoreError`].
pub async fn list_reason_codes(db: &Db) -> Result<BTreeSet<String>, StoreError> {
    let rows = db.fetch_rows("SELECT DISTINCT reasons FROM dead_letter", vec![]).await?;
    let mut codes = BTreeSet::new();
    for row in &rows {
        let reasons: serde_json::Value = serde_json::from_str(&row.text("reasons")?).unwrap_or_default();
        let of = reasons.as_array().into_iter().flatten().filter_map(|reason| reason.get("code")?.as_str());
        codes.extend(of.map(str::to_owned));
    }
    Ok(codes)
}
