//! The claims that wait for somebody, and all that is known of one.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::identity::open_told;
use crate::ledger::decisions::{self, Decision};
use crate::sql::db::{Db, Tx};
use crate::sql::error::{Kept, StoreError};
use crate::sql::rows::{Row, Rows};
use huiliu_decode::draft::masked;
use huiliu_matching::{Evidence, Role};
use huiliu_values::ClaimState;
use huiliu_vault::keys::Keys;

/// Which claims are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Somebody may be meant.
    Potential,
    /// Nobody known can be meant.
    None,
    /// An ID number of a teacher with a name that contradicts.
    Contradicting,
}

/// How many claims there are of each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Of a teacher.
    pub definite: i64,
    /// Waiting for a person.
    pub potential: i64,
    /// Waiting for the roster.
    pub none: i64,
    /// Not looked at yet.
    pub new: i64,
    /// With an ID number of a teacher and a name that contradicts; they stand among the definite ones.
    pub contradicting: i64,
}

/// A claim that waits.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Waiting {
    /// The claim.
    pub claim: i64,
    /// The name as it came.
    pub name: String,
    /// How sure it is whose it is.
    pub state: ClaimState,
    /// What kept it from being definite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// Whose it is, if anybody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teacher: Option<i64>,
    /// By what.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub decided_by: String,
    /// How many records rest on it.
    pub records: i64,
    /// Who may be meant, the likeliest first.
    pub candidates: Vec<CandidateRow>,
}

/// Somebody who may be meant.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CandidateRow {
    /// The teacher.
    pub teacher: i64,
    /// The roster's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Code of the school where the teacher is, or was last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub school: Option<String>,
    /// Thousandths of a bit; 0 is even odds.
    pub score: i64,
    /// Line by line.
    pub evidence: Vec<Evidence>,
}

/// A record that rests on a claim.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Resting {
    /// The record.
    pub record: i64,
    /// Its source.
    pub source: String,
    /// Where it stands there.
    pub address: String,
    /// The course's code there.
    pub course: String,
    /// Hours as given, and their unit.
    pub hours: (String, String),
    /// Last day.
    pub period_end: String,
}

/// All that is known of a claim.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Shown {
    /// The claim.
    #[serde(flatten)]
    pub claim: Waiting,
    /// Whether its name contradicts that of the ID number's teacher, so that its records count nowhere.
    pub contradicting: bool,
    /// What was told of the person, numbers masked.
    pub told: Vec<(Role, String)>,
    /// Its records, at most a hundred.
    pub resting: Vec<Resting>,
    /// What people decided about it that holds.
    pub decisions: Vec<Decision>,
}

const CLAIM: &str = "SELECT c.id AS id, c.name AS name, c.state AS state, c.doubt AS doubt, c.teacher_id AS teacher_id,
    c.decided_by AS decided_by, (SELECT count(*) FROM training_record r WHERE r.claim_id = c.id) AS records FROM claim c";

/// How many claims there are of each state.
///
/// # Errors
/// [`StoreError`].
pub async fn counts(db: &Db) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    for row in db.rows("SELECT state, count(*) AS claims FROM claim GROUP BY state", vec![]).await? {
        let count = match row.spelled("state")? {
            ClaimState::Definite => &mut counts.definite,
            ClaimState::Potential => &mut counts.potential,
            ClaimState::None => &mut counts.none,
            ClaimState::New => &mut counts.new,
        };
        *count = row.int("claims")?;
    }
    let sql = format!("SELECT count(DISTINCT claim_id) AS claims FROM ({CONTRADICTING}) AS them");
    counts.contradicting = db.rows(&sql, vec![]).await?.first().map_or(Ok(0), |row| row.int("claims"))?;
    Ok(counts)
}

const CONTRADICTING: &str =
    "SELECT r.claim_id AS claim_id FROM credit_entry e JOIN training_record r ON r.id = e.record_id
    WHERE e.superseded_at IS NULL AND e.outcome = 'name_contradicts'";

/// Claims of a kind after a number.
///
/// # Errors
/// [`StoreError`].
pub async fn list(db: &Db, which: Which, after: i64, limit: i64) -> Result<Vec<Waiting>, StoreError> {
    let of = match which {
        Which::Potential => "c.state = 'potential'".to_owned(),
        Which::None => "c.state = 'none'".to_owned(),
        Which::Contradicting => format!("c.id IN ({CONTRADICTING})"),
    };
    let sql = format!("{CLAIM} WHERE {of} AND c.id > $1 ORDER BY c.id LIMIT $2");
    let mut tx = db.look().await?;
    let rows = tx.rows(&sql, vec![after.into(), limit.into()]).await?;
    waiting(&mut tx, &rows).await
}

async fn waiting(tx: &mut Tx, rows: &[Row]) -> Result<Vec<Waiting>, StoreError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.int("id")).collect::<Result<_, _>>()?;
    let mut candidates = candidates(tx, &ids).await?;
    let one = |row: &Row| {
        let claim = row.int("id")?;
        Ok(Waiting {
            claim,
            name: row.text("name")?,
            state: row.spelled("state")?,
            doubt: row.opt_text("doubt")?,
            teacher: row.opt_int("teacher_id")?,
            decided_by: row.text("decided_by")?,
            records: row.int("records")?,
            candidates: candidates.remove(&claim).unwrap_or_default(),
        })
    };
    rows.iter().map(one).collect()
}

async fn candidates(tx: &mut Tx, claims: &[i64]) -> Result<HashMap<i64, Vec<CandidateRow>>, StoreError> {
    let rows = tx
        .rows_with(
            "SELECT x.claim_id AS claim_id, x.teacher_id AS teacher_id, x.score AS score, x.evidence AS evidence,
                    (SELECT t.name FROM teacher t WHERE t.id = x.teacher_id) AS name,
                    (SELECT m.school_code FROM membership m WHERE m.teacher_id = x.teacher_id
                     ORDER BY coalesce(m.valid_to, '9999') DESC, m.school_code LIMIT 1) AS school
             FROM {rows} {join candidate x ON x.claim_id = incoming.id} ORDER BY x.claim_id, x.rank",
            vec![],
            Rows::new().int("id", claims.iter().copied().map(Some)),
        )
        .await?;
    let mut of_claim: HashMap<i64, Vec<CandidateRow>> = HashMap::new();
    for row in &rows {
        let evidence =
            serde_json::from_str(&row.text("evidence")?).map_err(|e| StoreError::kept(Kept::Evidence)(&e))?;
        of_claim.entry(row.int("claim_id")?).or_default().push(CandidateRow {
            teacher: row.int("teacher_id")?,
            name: row.opt_text("name")?,
            school: row.opt_text("school")?,
            score: row.int("score")?,
            evidence,
        });
    }
    Ok(of_claim)
}

/// All that is known of a claim; nothing when there is none of this number.
///
/// # Errors
/// [`StoreError`].
pub async fn show(db: &Db, keys: &Keys, claim: i64) -> Result<Option<Shown>, StoreError> {
    let mut tx = db.look().await?;
    let rows = tx.rows(&format!("{CLAIM} WHERE c.id = $1"), vec![claim.into()]).await?;
    let Some(found) = waiting(&mut tx, &rows).await?.pop() else { return Ok(None) };
    let sql = format!("{CONTRADICTING} AND r.claim_id = $1 LIMIT 1");
    let contradicting = !tx.rows(&sql, vec![claim.into()]).await?.is_empty();
    let sealed = tx.rows("SELECT claim_key, told FROM claim WHERE id = $1", vec![claim.into()]).await?;
    let told = match sealed.first().map(|row| Ok::<_, StoreError>((row.bytes("claim_key")?, row.opt_bytes("told")?))) {
        Some(Ok((key, Some(sealed)))) => {
            open_told(keys, &key, &sealed)?.texts().map(|(role, text)| hidden(role, text)).collect()
        }
        Some(Err(fault)) => return Err(fault),
        _ => vec![],
    };
    let resting = tx
        .rows(
            "SELECT r.id AS record, s.name AS source, r.address AS address, r.course_code AS course,
                    r.raw_hours AS hours, r.hours_unit AS unit, r.period_end AS period_end
             FROM training_record r JOIN source s ON s.id = r.source_id WHERE r.claim_id = $1 ORDER BY r.id LIMIT 100",
            vec![claim.into()],
        )
        .await?;
    let rest = |row: &Row| {
        Ok(Resting {
            record: row.int("record")?,
            source: row.text("source")?,
            address: row.text("address")?,
            course: row.text("course")?,
            hours: (row.text("hours")?, row.text("unit")?),
            period_end: row.text("period_end")?,
        })
    };
    let resting = resting.iter().map(rest).collect::<Result<_, StoreError>>()?;
    let decisions = decisions::on_claims(&mut tx, &[claim]).await?;
    Ok(Some(Shown { claim: found, contradicting, told, resting, decisions }))
}

/// A text as it may be shown: of numbers that tell who somebody is, only the ends.
fn hidden(role: Role, text: &str) -> (Role, String) {
    let ends = |keep: usize| {
        let n = text.chars().count();
        text.chars().enumerate().map(|(at, c)| if at < keep || at + 1 == n { c } else { '*' }).collect()
    };
    let shown = match role {
        Role::IdNumber => ends(2),
        Role::TeacherNumber | Role::Phone => ends(3),
        _ => masked(text, 100),
    };
    (role, shown)
}
