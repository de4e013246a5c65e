//! Which rows of a listing are asked for, and what there is to ask for.

use std::collections::BTreeSet;

use crate::sql::db::Db;
use crate::sql::error::StoreError;
use crate::sql::rows::Value;

/// Which rows of a listing; all of what is given must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// Of this source.
    pub source: Option<String>,
    /// Of sources with this connector.
    pub connector: Option<String>,
    /// Of this run.
    pub run: Option<i64>,
    /// With this reason code among their reasons.
    pub code: Option<String>,
}

/// Conditions of a statement, and what they compare with.
pub(crate) struct Conditions {
    /// Each begins with ` AND `.
    pub sql: String,
    /// Of the whole statement, in order.
    pub args: Vec<Value>,
}

impl Conditions {
    /// None yet, beside these arguments.
    pub fn new(args: Vec<Value>) -> Self {
        Self { sql: String::new(), args }
    }

    /// A condition with one `?`, where there is something to compare with.
    pub fn also(&mut self, condition: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.args.push(value);
            self.sql += &format!(" AND {}", condition.replace('?', &format!("${}", self.args.len())));
        }
    }
}

/// A pattern of the reasons of a dead letter in which a code stands; the escape is `\`.
pub(crate) fn with_code(code: &str) -> String {
    format!("%\"code\":\"{}\"%", code.replace(['\\', '%'], "").replace('_', "\\_"))
}

/// The sources that something was ever received of, with their connectors, by name.
///
/// # Errors
/// [`StoreError`].
pub async fn sources(db: &Db) -> Result<Vec<(String, String)>, StoreError> {
    let rows = db.rows("SELECT name, connector FROM source ORDER BY name", vec![]).await?;
    rows.iter().map(|row| Ok((row.text("name")?, row.text("connector")?))).collect()
}

/// The number of the newest run, if there is one.
///
/// # Errors
/// [`StoreError`].
pub async fn newest_run(db: &Db) -> Result<Option<i64>, StoreError> {
    let rows = db.rows("SELECT id FROM sync_run ORDER BY id DESC LIMIT 1", vec![]).await?;
    rows.first().map(|row| row.int("id")).transpose()
}

/// Whether there is a run of this number.
///
/// # Errors
/// [`StoreError`].
pub async fn has_run(db: &Db, run: i64) -> Result<bool, StoreError> {
    Ok(!db.rows("SELECT id FROM sync_run WHERE id = $1", vec![run.into()]).await?.is_empty())
}

/// The reason codes of dead letters in any state.
///
/// # Errors
/// [`StoreError`].
pub async fn reason_codes(db: &Db) -> Result<BTreeSet<String>, StoreError> {
    let rows = db.rows("SELECT DISTINCT reasons FROM dead_letter", vec![]).await?;
    let mut codes = BTreeSet::new();
    for row in &rows {
        let reasons: serde_json::Value = serde_json::from_str(&row.text("reasons")?).unwrap_or_default();
        let of = reasons.as_array().into_iter().flatten().filter_map(|reason| reason.get("code")?.as_str());
        codes.extend(of.map(str::to_owned));
    }
    Ok(codes)
}
