//! What people decided: append-only, each with a reason, in the audit log, and holding until it is reversed.

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::audit::{self, Author, NewEntry};
use crate::sql::db::{Db, Tx};
use crate::sql::error::{Kept, StoreError, Unreadable};
use crate::sql::rows::{Row, Rows};
use huiliu_values::calendar::instant;
use huiliu_vault::keys::Keys;

/// What people decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub enum DecisionKind {
    /// A record's certificate is taken back.
    #[serde(rename = "credit.revoke")]
    CreditRevoke,
    /// A record's grade is another.
    #[serde(rename = "credit.grade")]
    CreditGrade,
    /// Of several records of one course, this one counts.
    #[serde(rename = "credit.keep")]
    CreditKeep,
    /// A connector's code is a canonical course, or none.
    #[serde(rename = "course.equate")]
    CourseEquate,
    /// A claim is a teacher's.
    #[serde(rename = "identity.accept")]
    IdentityAccept,
    /// A claim is not a teacher's.
    #[serde(rename = "identity.reject")]
    IdentityReject,
    /// A provisional teacher is another teacher.
    #[serde(rename = "identity.merge")]
    IdentityMerge,
}

impl DecisionKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::CreditRevoke,
        Self::CreditGrade,
        Self::CreditKeep,
        Self::CourseEquate,
        Self::IdentityAccept,
        Self::IdentityReject,
        Self::IdentityMerge,
    ];

    /// The word in tables, and in the audit log.
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

    /// The one of that word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether it is about whose records are.
    #[must_use]
    pub fn is_identity(self) -> bool {
        matches!(self, Self::IdentityAccept | Self::IdentityReject | Self::IdentityMerge)
    }
}

/// A decision as it was written.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Decision {
    /// Number.
    pub decision: i64,
    /// What was decided.
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
    /// More about it, as its kind wants it.
    pub detail: serde_json::Value,
    /// Who decided.
    pub actor: String,
    /// Why.
    pub because: String,
    /// When, RFC 3339.
    pub at: String,
    /// The decision that it took back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverses: Option<i64>,
    /// The decision that took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reversed_by: Option<i64>,
}

/// What is to be decided.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What.
    pub kind: DecisionKind,
    /// The teacher it is about.
    pub teacher: Option<i64>,
    /// The claim it is about.
    pub claim: Option<i64>,
    /// The record it is about.
    pub record: Option<i64>,
    /// More about it.
    pub detail: serde_json::Value,
}

impl Decision {
    /// What was decided by it.
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

/// Writes a decision and its line in the audit log; both stand only if the transaction is committed. Gives its number.
///
/// # Errors
/// [`StoreError`].
pub async fn decide(tx: &mut Tx, keys: &Keys, verdict: &Verdict, by: Author<'_>) -> Result<i64, StoreError> {
    write(tx, keys, verdict, by, None).await
}

/// Takes a decision back; gives it as it was, or nothing when there is none of this number, or none that still holds.
///
/// # Errors
/// [`StoreError`].
pub async fn reverse(tx: &mut Tx, keys: &Keys, number: i64, by: Author<'_>) -> Result<Option<Decision>, StoreError> {
    let Some(decision) = held(tx, number).await? else { return Ok(None) };
    write(tx, keys, &decision.verdict(), by, Some(number)).await?;
    Ok(Some(decision))
}

async fn write(
    tx: &mut Tx,
    keys: &Keys,
    verdict: &Verdict,
    by: Author<'_>,
    reverses: Option<i64>,
) -> Result<i64, StoreError> {
    let detail = verdict.detail.to_string();
    let number = tx.next_ids("decision", 1).await?.first().copied().unwrap_or_default();
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
    tx.run_with(
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
    audit::append(tx, keys, entry).await?;
    Ok(number)
}

/// A decision of this number that still holds.
///
/// # Errors
/// [`StoreError`].
pub async fn held(tx: &mut Tx, number: i64) -> Result<Option<Decision>, StoreError> {
    Ok(find(tx, number).await?.filter(|d| d.reversed_by.is_none() && d.reverses.is_none()))
}

/// A decision of this number, whether it still holds or not.
///
/// # Errors
/// [`StoreError`].
pub async fn find(tx: &mut Tx, number: i64) -> Result<Option<Decision>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM decision d LEFT JOIN decision r ON r.reverses = d.id WHERE d.id = $1");
    tx.rows(&sql, vec![number.into()]).await?.first().map(read).transpose()
}

fn read(row: &Row) -> Result<Decision, StoreError> {
    let (number, kind, detail) = (row.int("id")?, row.text("kind")?, row.text("detail")?);
    Ok(Decision {
        decision: number,
        // To leave out what a newer program has decided would tell wrong hours.
        kind: DecisionKind::of(&kind)
            .ok_or(StoreError::Unreadable(Unreadable::DecisionKind { decision: number, kind }))?,
        teacher: row.opt_int("teacher_id")?,
        claim: row.opt_int("claim_id")?,
        record: row.opt_int("record_id")?,
        detail: serde_json::from_str(&detail).map_err(|e| StoreError::kept(Kept::Decision { decision: number })(&e))?,
        actor: row.text("actor")?,
        because: row.text("because")?,
        at: instant(row.int("at")?),
        reverses: row.opt_int("reverses")?,
        reversed_by: row.opt_int("reversed_by")?,
    })
}

/// Decisions about the credit of these records that still hold, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn on_records(tx: &mut Tx, records: &[i64]) -> Result<Vec<Decision>, StoreError> {
    // The common case costs one look, not one per record.
    let any = tx.rows("SELECT 1 AS one FROM decision WHERE record_id IS NOT NULL LIMIT 1", vec![]).await?;
    if any.is_empty() || records.is_empty() {
        return Ok(vec![]);
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM {{rows}} {{join decision d ON d.record_id = incoming.id}}
         {{left join decision r ON r.reverses = d.id}}
         WHERE d.reverses IS NULL AND r.id IS NULL AND d.kind LIKE 'credit.%' ORDER BY d.id"
    );
    let wanted = Rows::new().int("id", records.iter().copied().map(Some));
    tx.rows_with(&sql, vec![], wanted).await?.iter().map(read).collect()
}

/// Decisions that still hold about whose these claims are, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn on_claims(tx: &mut Tx, claims: &[i64]) -> Result<Vec<Decision>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {{rows}} {{join decision d ON d.claim_id = incoming.id}}
         {{left join decision r ON r.reverses = d.id}}
         WHERE d.reverses IS NULL AND r.id IS NULL AND d.kind LIKE 'identity.%' ORDER BY d.id"
    );
    let wanted = Rows::new().int("id", claims.iter().copied().map(Some));
    tx.rows_with(&sql, vec![], wanted).await?.iter().map(read).collect()
}

/// Decisions of a kind that still hold, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn of_kind(tx: &mut Tx, kind: DecisionKind) -> Result<Vec<Decision>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM decision d LEFT JOIN decision r ON r.reverses = d.id
         WHERE d.kind = '{}' AND d.reverses IS NULL AND r.id IS NULL ORDER BY d.id",
        kind.as_str()
    );
    tx.rows(&sql, vec![]).await?.iter().map(read).collect()
}

/// What people decided about a course of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CourseDecision {
    /// The connector.
    pub connector: String,
    /// The code there.
    pub code: String,
    /// The canonical course; nothing where it is none.
    pub course: Option<String>,
}

impl CourseDecision {
    /// As a decision keeps it.
    #[must_use]
    pub fn detail(&self) -> serde_json::Value {
        serde_json::json!({ "connector": self.connector, "code": self.code, "course": self.course })
    }

    /// Out of what a decision keeps.
    #[must_use]
    pub fn read(detail: &serde_json::Value) -> Option<Self> {
        let text = |name: &str| detail.get(name).and_then(|v| v.as_str()).map(str::to_owned);
        Some(Self { connector: text("connector")?, code: text("code")?, course: text("course") })
    }
}

/// What people decided about courses that still holds, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn courses(tx: &mut Tx) -> Result<Vec<CourseDecision>, StoreError> {
    let decided = of_kind(tx, DecisionKind::CourseEquate).await?;
    Ok(decided.iter().filter_map(|decision| CourseDecision::read(&decision.detail)).collect())
}

/// Decisions after a number, the oldest first; of one teacher's records and claims where a teacher is given.
///
/// # Errors
/// [`StoreError`].
pub async fn list(db: &Db, teacher: Option<i64>, after: i64, limit: i64) -> Result<Vec<Decision>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM decision d LEFT JOIN decision r ON r.reverses = d.id
         WHERE d.id > $1 AND ($2 = 0 OR d.teacher_id = $2
           OR d.claim_id IN (SELECT id FROM claim WHERE teacher_id = $2)
           OR d.record_id IN (SELECT t.id FROM training_record t JOIN claim c ON c.id = t.claim_id WHERE c.teacher_id = $2))
         ORDER BY d.id LIMIT $3"
    );
    db.rows(&sql, vec![after.into(), teacher.unwrap_or(0).into(), limit.into()]).await?.iter().map(read).collect()
}
