//! The claims that wait for a person's decision, and the details of one claim.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::filter;
use crate::delivery::addresses::whole_address;
use crate::identity::open_person_details;
use crate::ledger::decisions::{self, Decision};
use crate::sql::db::{Db, Tx};
use crate::sql::error::{Kept, StoreError};
use crate::sql::rows::{Row, Rows};
use huiliu_decode::draft::mask_text;
use huiliu_matching::{Evidence, Role};
use huiliu_values::ClaimState;
use huiliu_vault::keys::Keys;

/// ClaimSelection claims to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimSelection {
    /// Claims that may be about a known teacher.
    Potential,
    /// Claims that cannot be about a known teacher.
    None,
    /// Claims whose ID number is a teacher's, but whose name contradicts that teacher's.
    Contradicting,
}

/// The number of claims by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// The teacher is decided.
    pub definite: i64,
    /// ClaimRow for a person's decision.
    pub potential: i64,
    /// ClaimRow for the roster.
    pub none: i64,
    /// Not examined yet.
    pub new: i64,
    /// The ID number is a teacher's, but the name contradicts. These count as definite too.
    pub contradicting: i64,
}

/// A claim in a listing.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ClaimRow {
    /// Number of the claim.
    pub claim: i64,
    /// The name as received.
    pub name: String,
    /// How certain its teacher is.
    pub state: ClaimState,
    /// What kept it from being definite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// The teacher it belongs to, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teacher: Option<i64>,
    /// The rule, identifier or decision that decided it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub decided_by: String,
    /// Number of records under this claim.
    pub records: i64,
    /// Possible teachers, the likeliest first.
    pub candidates: Vec<CandidateRow>,
}

/// A teacher who may be the person of a claim.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CandidateRow {
    /// Number of the teacher.
    pub teacher: i64,
    /// The teacher's name on the roster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Code of the teacher's current or last school.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub school: Option<String>,
    /// Points in thousandths of a bit; 0 means even odds.
    pub score: i64,
    /// The evidence, line by line.
    pub evidence: Vec<Evidence>,
}

/// A record under a claim.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ClaimRecord {
    /// Number of the record.
    pub record: i64,
    /// Name of its source.
    pub source: String,
    /// Page item or file line.
    pub address: String,
    /// The course's code at the source.
    pub course: String,
    /// Hours as received.
    pub hours: String,
    /// The unit of the hours.
    pub unit: String,
    /// Last day of the training.
    pub period_end: String,
}

/// A text that the source gives about a person.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StatedText {
    /// What it states.
    pub role: Role,
    /// The text; numbers are masked.
    pub text: String,
}

/// A claim with what the source says, its records and its decisions.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ClaimDetails {
    /// The claim, as in the listing.
    #[serde(flatten)]
    pub claim: ClaimRow,
    /// Whether its name contradicts that of the teacher with the ID number, so that its records do not count.
    pub contradicting: bool,
    /// What the source says about the person, with numbers masked.
    pub told: Vec<StatedText>,
    /// Its records, at most 100.
    pub resting: Vec<ClaimRecord>,
    /// The decisions about it that are in force.
    pub decisions: Vec<Decision>,
}

const CLAIM: &str = "SELECT c.id AS id, c.name AS name, c.state AS state, c.doubt AS doubt, c.teacher_id AS teacher_id,
    c.decided_by AS decided_by, (SELECT count(*) FROM training_record r WHERE r.claim_id = c.id AND r.merged_into IS NULL) AS records FROM identity_claim c";

/// Counts the claims by state.
///
/// # Errors
/// [`StoreError`].
pub async fn count_claims(db: &Db) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    for row in db.fetch_rows("SELECT state, count(*) AS claims FROM identity_claim GROUP BY state", vec![]).await? {
        let count = match row.parse_text("state")? {
            ClaimState::Definite => &mut counts.definite,
            ClaimState::Potential => &mut counts.potential,
            ClaimState::None => &mut counts.none,
            ClaimState::New => &mut counts.new,
        };
        *count = row.int("claims")?;
    }
    let sql = format!("SELECT count(DISTINCT claim_id) AS claims FROM ({CONTRADICTING}) AS them");
    counts.contradicting = db.fetch_rows(&sql, vec![]).await?.first().map_or(Ok(0), |row| row.int("claims"))?;
    Ok(counts)
}

const CONTRADICTING: &str =
    "SELECT r.claim_id AS claim_id FROM credit_entry e JOIN training_record r ON r.id = e.record_id
    WHERE e.superseded_at IS NULL AND e.outcome = 'name_contradicts'";

/// Lists the claims of a kind after a number.
///
/// # Errors
/// [`StoreError`].
pub async fn list_claims(db: &Db, which: ClaimSelection, after: i64, limit: i64) -> Result<Vec<ClaimRow>, StoreError> {
    let sql = format!("{CLAIM} WHERE {} AND c.id > $1 ORDER BY c.id LIMIT $2", claim_condition(which));
    let mut tx = db.begin_read_only().await?;
    let rows = tx.fetch_rows(&sql, vec![after.into(), limit.into()]).await?;
    load_waiting(&mut tx, &rows).await
}

fn claim_condition(which: ClaimSelection) -> String {
    match which {
        ClaimSelection::Potential => "c.state = 'potential'".to_owned(),
        ClaimSelection::None => "c.state = 'none'".to_owned(),
        ClaimSelection::Contradicting => format!("c.id IN ({CONTRADICTING})"),
    }
}

/// How many claims of a kind there are.
///
/// # Errors
/// [`StoreError`].
pub async fn count_selected_claims(db: &Db, which: ClaimSelection) -> Result<i64, StoreError> {
    let sql = format!("SELECT count(*) AS n FROM identity_claim c WHERE {}", claim_condition(which));
    filter::fetch_count(db, &sql, vec![]).await
}

async fn load_waiting(tx: &mut Tx, rows: &[Row]) -> Result<Vec<ClaimRow>, StoreError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.int("id")).collect::<Result<_, _>>()?;
    let mut candidates = load_candidates(tx, &ids).await?;
    let one = |row: &Row| {
        let claim = row.int("id")?;
        Ok(ClaimRow {
            claim,
            name: row.text("name")?,
            state: row.parse_text("state")?,
            doubt: row.opt_text("doubt")?,
            teacher: row.opt_int("teacher_id")?,
            decided_by: row.text("decided_by")?,
            records: row.int("records")?,
            candidates: candidates.remove(&claim).unwrap_or_default(),
        })
    };
    rows.iter().map(one).collect()
}

async fn load_candidates(tx: &mut Tx, claims: &[i64]) -> Result<HashMap<i64, Vec<CandidateRow>>, StoreError> {
    let rows = tx
        .fetch_rows_with(
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
        let evidence = serde_json::from_str(&row.text("evidence")?)
            .map_err(|e| StoreError::unreadable_value(Kept::Evidence)(&e))?;
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

/// Loads the details of a claim; `None` if there is no claim of this number.
///
/// # Errors
/// [`StoreError`].
pub async fn load_claim_details(db: &Db, keys: &Keys, claim: i64) -> Result<Option<ClaimDetails>, StoreError> {
    let mut tx = db.begin_read_only().await?;
    let rows = tx.fetch_rows(&format!("{CLAIM} WHERE c.id = $1"), vec![claim.into()]).await?;
    let Some(found) = load_waiting(&mut tx, &rows).await?.pop() else { return Ok(None) };
    let sql = format!("{CONTRADICTING} AND r.claim_id = $1 LIMIT 1");
    let contradicting = !tx.fetch_rows(&sql, vec![claim.into()]).await?.is_empty();
    let sealed =
        tx.fetch_rows("SELECT claim_key, person_details FROM identity_claim WHERE id = $1", vec![claim.into()]).await?;
    let told = match sealed
        .first()
        .map(|row| Ok::<_, StoreError>((row.bytes("claim_key")?, row.opt_bytes("person_details")?)))
    {
        Some(Ok((key, Some(sealed)))) => {
            open_person_details(keys, &key, &sealed)?.texts().map(|(role, text)| mask_for_role(role, text)).collect()
        }
        Some(Err(fault)) => return Err(fault),
        _ => vec![],
    };
    let resting = tx
        .fetch_rows(
            &format!(
                "SELECT r.id AS record, s.name AS source, {} AS address, o.course_code AS course,
                    r.raw_hours AS hours, o.hours_unit AS unit, r.period_end AS period_end
             FROM training_record r JOIN source s ON s.id = r.source_id JOIN offering o ON o.id = r.offering_id
             WHERE r.claim_id = $1 AND r.merged_into IS NULL ORDER BY r.id LIMIT 100",
                whole_address("r", "r.batch_id")
            ),
            vec![claim.into()],
        )
        .await?;
    let rest = |row: &Row| {
        Ok(ClaimRecord {
            record: row.int("record")?,
            source: row.text("source")?,
            address: row.text("address")?,
            course: row.text("course")?,
            hours: row.text("hours")?,
            unit: row.text("unit")?,
            period_end: row.text("period_end")?,
        })
    };
    let resting = resting.iter().map(rest).collect::<Result<_, StoreError>>()?;
    let decisions = decisions::list_on_claims(&mut tx, &[claim]).await?;
    Ok(Some(ClaimDetails { claim: found, contradicting, told, resting, decisions }))
}

/// Masks a text for display: identifying numbers keep only their first characters and the last one.
fn mask_for_role(role: Role, text: &str) -> StatedText {
    let ends = |keep: usize| {
        let n = text.chars().count();
        text.chars().enumerate().map(|(at, c)| if at < keep || at + 1 == n { c } else { '*' }).collect()
    };
    let shown = match role {
        Role::IdNumber => ends(2),
        Role::TeacherNumber | Role::Phone => ends(3),
        _ => mask_text(text, 100),
    };
    StatedText { role, text: shown }
}
