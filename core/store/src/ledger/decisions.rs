//! People's decisions: append-only, each with a reason and an audit entry, and in force until reversed.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::audit::{self, Author, NewEntry};
use crate::admin::filter;
use crate::sql::db::{Db, Tx};
use crate::sql::error::{Kept, StoreError, Unreadable};
use crate::sql::rows::{Row, Rows};
use huiliu_values::calendar::format_instant;
use huiliu_vault::keys::Keys;

/// The kinds of decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub enum DecisionKind {
    /// A record's certificate is revoked.
    #[serde(rename = "credit.revoke")]
    CreditRevoke,
    /// A record gets another grade.
    #[serde(rename = "credit.grade")]
    CreditGrade,
    /// Of several records of one course, this one counts.
    #[serde(rename = "credit.keep")]
    CreditKeep,
    /// A connector's course code stands for a canonical course, or for none.
    #[serde(rename = "course.equate")]
    CourseEquate,
    /// A claim belongs to a teacher.
    #[serde(rename = "identity.accept")]
    IdentityAccept,
    /// A claim does not belong to a teacher.
    #[serde(rename = "identity.reject")]
    IdentityReject,
    /// A provisional teacher is the same person as another teacher.
    #[serde(rename = "identity.merge")]
    IdentityMerge,
}

impl DecisionKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::CreditRevoke,
        Self::CreditGrade,
        Self::CreditKeep,
        Self::CourseEquate,
        Self::IdentityAccept,
        Self::IdentityReject,
        Self::IdentityMerge,
    ];

    /// Returns the word used in tables and in the audit log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreditRevoke => "credit.revoke",
            Self::CreditGrade => "credit.grade",
            Self::CreditKeep => "credit.keep",
            Self::CourseEquate => "course.equate",
            Self::IdentityAccept => "identity.accept",
            Self::IdentityReject => "identity.reject",
            Self::IdentityMerge => "identity.merge",
        }
    }

    /// Returns the kind for such a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Returns true if the kind decides whose a claim is.
    #[must_use]
    pub fn is_identity(self) -> bool {
        matches!(self, Self::IdentityAccept | Self::IdentityReject | Self::IdentityMerge)
    }
}

/// A decision as stored.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Decision {
    /// Number of the decision.
    pub decision: i64,
    /// The kind of decision.
    pub kind: DecisionKind,
    /// The teacher it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teacher: Option<i64>,
    /// The claim it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<i64>,
    /// The record it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<i64>,
    /// More about it; the form depends on the kind.
    pub detail: serde_json::Value,
    /// The person who decided.
    pub actor: String,
    /// The reason.
    pub because: String,
    /// When it was made, RFC 3339.
    pub at: String,
    /// The decision that it took back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverses: Option<i64>,
    /// The decision that took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reversed_by: Option<i64>,
}

/// The content of a decision to be made.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The kind of decision.
    pub kind: DecisionKind,
    /// The teacher it is about.
    pub teacher: Option<i64>,
    /// The claim it is about.
    pub claim: Option<i64>,
    /// The record it is about.
    pub record: Option<i64>,
    /// More about it; the form depends on the kind.
    pub detail: serde_json::Value,
}

impl Decision {
    /// Returns the content of the decision.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict {
            kind: self.kind,
            teacher: self.teacher,
            claim: self.claim,
            record: self.record,
            detail: self.detail.clone(),
        }
    }
}

const COLUMNS: &str = "d.id AS id, d.kind AS kind, d.teacher_id AS teacher_id, d.claim_id AS claim_id,
    d.record_id AS record_id, d.detail AS detail, d.actor AS actor, d.because AS because, d.at AS at,
    d.reverses AS reverses, r.id AS reversed_by";

/// Writes a decision and its audit entry, and returns its number. It takes effect only if the transaction is committed.
///
/// # Errors
/// [`StoreError`].
pub async fn insert_decision(tx: &mut Tx, keys: &Keys, verdict: &Verdict, by: Author<'_>) -> Result<i64, StoreError> {
    write_decision(tx, keys, verdict, by, None).await
}

/// Reverses a decision and returns it as it was. Returns `None` if there is no decision of this number in force.
///
/// # Errors
/// [`StoreError`].
pub async fn reverse_decision(
    tx: &mut Tx,
    keys: &Keys,
    number: i64,
    by: Author<'_>,
) -> Result<Option<Decision>, StoreError> {
    let Some(decision) = find_in_force(tx, number).await? else { return Ok(None) };
    write_decision(tx, keys, &decision.verdict(), by, Some(number)).await?;
    Ok(Some(decision))
}

async fn write_decision(
    tx: &mut Tx,
    keys: &Keys,
    verdict: &Verdict,
    by: Author<'_>,
    reverses: Option<i64>,
) -> Result<i64, StoreError> {
    let detail = verdict.detail.to_string();
    let number = tx.reserve_ids("decision", 1).await?.first().copied().unwrap_or_default();
    let row = Rows::new()
        .int("id", [Some(number)])
        .text("kind", [Some(verdict.kind.as_str())])
        .int("teacher_id", [verdict.teacher])
        .int("claim_id", [verdict.claim])
        .int("record_id", [verdict.record])
        .text("detail", [Some(&*detail)])
        .text("actor", [Some(by.actor)])
        .text("because", [Some(by.because)])
        .int("reverses", [reverses]);
    tx.execute_with(
        "INSERT INTO decision (id, kind, teacher_id, claim_id, record_id, detail, actor, because, at, reverses)
         SELECT id, kind, teacher_id, claim_id, record_id, detail, actor, because, {now}, reverses FROM {rows} WHERE true",
        vec![],
        row,
    )
    .await?;
    let kind = verdict.kind.as_str();
    let action = if reverses.is_some() { format!("{kind}.undo") } else { kind.to_owned() };
    let told = serde_json::json!({
        "because": by.because, "teacher": verdict.teacher, "claim": verdict.claim, "record": verdict.record,
        "reverses": reverses, "detail": verdict.detail,
    });
    let (object, told) = (format!("decision {number}"), told.to_string());
    let entry = NewEntry { actor: by.actor, action: &action, object: &object, detail: &told };
    audit::append_entry(tx, keys, entry).await?;
    Ok(number)
}

/// Finds a decision by number, if it is in force.
///
/// # Errors
/// [`StoreError`].
pub async fn find_in_force(tx: &mut Tx, number: i64) -> Result<Option<Decision>, StoreError> {
    Ok(find_decision(tx, number).await?.filter(|d| d.reversed_by.is_none() && d.reverses.is_none()))
}

/// Finds a decision by number, whether it is in force or not.
///
/// # Errors
/// [`StoreError`].
pub async fn find_decision(tx: &mut Tx, number: i64) -> Result<Option<Decision>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM decision d LEFT JOIN decision r ON r.reverses = d.id WHERE d.id = $1");
    tx.fetch_rows(&sql, vec![number.into()]).await?.first().map(parse_decision).transpose()
}

fn parse_decision(row: &Row) -> Result<Decision, StoreError> {
    let (number, kind, detail) = (row.int("id")?, row.text("kind")?, row.text("detail")?);
    Ok(Decision {
        decision: number,
        // Ignoring a decision of a newer program would give wrong hours.
        kind: DecisionKind::from_word(&kind)
            .ok_or(StoreError::Unreadable(Unreadable::DecisionKind { decision: number, kind }))?,
        teacher: row.opt_int("teacher_id")?,
        claim: row.opt_int("claim_id")?,
        record: row.opt_int("record_id")?,
        detail: serde_json::from_str(&detail)
            .map_err(|e| StoreError::unreadable_value(Kept::Decision { decision: number })(&e))?,
        actor: row.text("actor")?,
        because: row.text("because")?,
        at: format_instant(row.int("at")?),
        reverses: row.opt_int("reverses")?,
        reversed_by: row.opt_int("reversed_by")?,
    })
}

/// Lists the decisions about the credit of these records that are in force, oldest first. A decision is about the person
/// whose record it was; if the record belongs to somebody else since, the decision does not follow it. A decision about
/// a record that turned out to be one of these is about that one.
///
/// # Errors
/// [`StoreError`].
pub async fn list_on_records(tx: &mut Tx, records: &[i64]) -> Result<Vec<Decision>, StoreError> {
    // Usually there are none; this query then replaces one per record.
    let any = tx.fetch_rows("SELECT 1 AS one FROM decision WHERE record_id IS NOT NULL LIMIT 1", vec![]).await?;
    if any.is_empty() || records.is_empty() {
        return Ok(vec![]);
    }
    let merged = list_merged(tx, records).await?;
    let sql = format!(
        "SELECT {COLUMNS} FROM {{rows}} {{join decision d ON d.record_id = incoming.id}}
         {{join training_record t ON t.id = incoming.now}} {{join identity_claim c ON c.id = t.claim_id}}
         {{left join identity_claim of ON of.id = d.claim_id}} {{left join decision r ON r.reverses = d.id}}
         WHERE d.reverses IS NULL AND r.id IS NULL AND d.kind LIKE 'credit.%'
           AND (d.claim_id IS NULL OR d.claim_id = c.id OR of.teacher_id = c.teacher_id) ORDER BY d.id"
    );
    let wanted = Rows::new()
        .int("id", records.iter().chain(merged.keys()).copied().map(Some))
        .int("now", records.iter().chain(merged.values()).copied().map(Some));
    let rows = tx.fetch_rows_with(&sql, vec![], wanted).await?;
    let of_now = |row: &Row| {
        let decision = parse_decision(row)?;
        let record = decision.record.map(|record| merged.get(&record).copied().unwrap_or(record));
        Ok(Decision { record, ..decision })
    };
    rows.iter().map(of_now).collect()
}

/// Returns the records that turned out to be one of these: record → one of these.
async fn list_merged(tx: &mut Tx, records: &[i64]) -> Result<HashMap<i64, i64>, StoreError> {
    let any = tx.fetch_rows("SELECT 1 AS one FROM training_record WHERE merged_into IS NOT NULL LIMIT 1", vec![]);
    if any.await?.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx
        .fetch_rows_with(
            "SELECT t.id AS id, t.merged_into AS now FROM {rows} {join training_record t ON t.merged_into = incoming.id}
             WHERE t.merged_into IS NOT NULL",
            vec![],
            Rows::new().int("id", records.iter().copied().map(Some)),
        )
        .await?;
    rows.iter().map(|row| Ok((row.int("id")?, row.int("now")?))).collect()
}

/// Lists the decisions about the owners of these claims that are in force, oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn list_on_claims(tx: &mut Tx, claims: &[i64]) -> Result<Vec<Decision>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {{rows}} {{join decision d ON d.claim_id = incoming.id}}
         {{left join decision r ON r.reverses = d.id}}
         WHERE d.reverses IS NULL AND r.id IS NULL AND d.kind LIKE 'identity.%' ORDER BY d.id"
    );
    let wanted = Rows::new().int("id", claims.iter().copied().map(Some));
    tx.fetch_rows_with(&sql, vec![], wanted).await?.iter().map(parse_decision).collect()
}

/// Lists the decisions of a kind that are in force, oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn list_of_kind(tx: &mut Tx, kind: DecisionKind) -> Result<Vec<Decision>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM decision d LEFT JOIN decision r ON r.reverses = d.id
         WHERE d.kind = '{}' AND d.reverses IS NULL AND r.id IS NULL ORDER BY d.id",
        kind.as_str()
    );
    tx.fetch_rows(&sql, vec![]).await?.iter().map(parse_decision).collect()
}

/// A decision about a course of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CourseDecision {
    /// Id of the connector.
    pub connector: String,
    /// The course's code at the source.
    pub code: String,
    /// The canonical course; `None` if it stands for none.
    pub course: Option<String>,
}

impl CourseDecision {
    /// Returns the decision's detail, as stored.
    #[must_use]
    pub fn detail(&self) -> serde_json::Value {
        serde_json::json!({ "connector": self.connector, "code": self.code, "course": self.course })
    }

    /// Parses the stored detail of a decision.
    #[must_use]
    pub fn from_detail(detail: &serde_json::Value) -> Option<Self> {
        let text = |name: &str| detail.get(name).and_then(|v| v.as_str()).map(str::to_owned);
        Some(Self { connector: text("connector")?, code: text("code")?, course: text("course") })
    }
}

/// Lists the decisions about courses that are in force, oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn list_course_decisions(tx: &mut Tx) -> Result<Vec<CourseDecision>, StoreError> {
    let decided = list_of_kind(tx, DecisionKind::CourseEquate).await?;
    Ok(decided.iter().filter_map(|decision| CourseDecision::from_detail(&decision.detail)).collect())
}

/// Lists decisions after a number, oldest first; if a teacher is given, only those about the teacher or the teacher's
/// records and claims.
///
/// # Errors
/// [`StoreError`].
pub async fn list_decisions(
    db: &Db,
    teacher: Option<i64>,
    after: i64,
    limit: i64,
) -> Result<Vec<Decision>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM decision d LEFT JOIN decision r ON r.reverses = d.id
         WHERE {OF_TEACHER} AND d.id > $2 ORDER BY d.id LIMIT $3"
    );
    db.fetch_rows(&sql, vec![teacher.unwrap_or(0).into(), after.into(), limit.into()])
        .await?
        .iter()
        .map(parse_decision)
        .collect()
}

/// About a teacher's records and claims, where one is given as `$1`.
const OF_TEACHER: &str = "($1 = 0 OR d.teacher_id = $1 OR d.claim_id IN (SELECT id FROM identity_claim WHERE teacher_id = $1)
    OR d.record_id IN (SELECT t.id FROM training_record t JOIN identity_claim c ON c.id = t.claim_id WHERE c.teacher_id = $1))";

/// How many decisions there are; of one teacher where one is given.
///
/// # Errors
/// [`StoreError`].
pub async fn count_decisions(db: &Db, teacher: Option<i64>) -> Result<i64, StoreError> {
    let sql = format!("SELECT count(*) AS n FROM decision d WHERE {OF_TEACHER}");
    filter::fetch_count(db, &sql, vec![teacher.unwrap_or(0).into()]).await
}
