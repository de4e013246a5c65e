//! What people decide about whose claims are. A decision is written, and then the claims it is about are derived anew: from
//! the newest decision that holds, else by rule. So taking a decision back needs nothing that was remembered.

use std::collections::HashMap;

use serde_json::json;

use crate::admin::audit::Author;
use crate::identity::claims;
use crate::identity::deciding::decide_on;
use crate::ledger::decisions::{self, Decision, DecisionKind, Verdict};
use crate::ledger::marks;
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_matching::Weights;
use huiliu_vault::keys::{Keys, hex_encode};

/// What somebody decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// The claim is the teacher's.
    Accept {
        /// The claim.
        claim: i64,
        /// The teacher.
        teacher: i64,
    },
    /// The claim is not the teacher's.
    Reject {
        /// The claim.
        claim: i64,
        /// The teacher.
        teacher: i64,
    },
    /// A provisional teacher is another teacher.
    Merge {
        /// The provisional one.
        from: i64,
        /// Who it is.
        into: i64,
    },
}

/// Why a decision cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There is no claim of this number.
    NoClaim(i64),
    /// There is no teacher of this number.
    NoTeacher(i64),
    /// A teacher cannot be merged into the same.
    Itself,
    /// It has been decided so already.
    Already(i64),
    /// A teacher of the roster is whom the roster says; two of them are not made one here.
    OnRoster(i64),
    /// A later decision has moved the same numbers on; it has to be taken back first.
    Later(i64),
}

/// The books and the rules that claims are derived by.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Keys.
    pub keys: &'a Keys,
    /// Weights and rules of matching.
    pub weights: &'a Weights,
}

/// What was decided, or taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruled {
    /// Number of the decision.
    pub decision: i64,
    /// The teachers whose claims moved.
    pub teachers: Vec<i64>,
}

/// Takes a decision, and has everything follow that follows; both stand only if the transaction is committed.
///
/// # Errors
/// [`StoreError`].
pub async fn rule(
    tx: &mut Tx,
    rules: Rules<'_>,
    ruling: Ruling,
    by: Author<'_>,
) -> Result<Result<Ruled, Refused>, StoreError> {
    begin(tx).await?;
    if let Some(refused) = refuse(tx, ruling).await? {
        return Ok(Err(refused));
    }
    let (kind, claim, teacher) = match ruling {
        Ruling::Accept { claim, teacher } => (DecisionKind::IdentityAccept, Some(claim), teacher),
        Ruling::Reject { claim, teacher } => (DecisionKind::IdentityReject, Some(claim), teacher),
        Ruling::Merge { into, .. } => (DecisionKind::IdentityMerge, None, into),
    };
    let detail = match ruling {
        Ruling::Merge { from, .. } => json!({ "from": from, "numbers": numbers_of(tx, from).await? }),
        _ => json!({}),
    };
    let verdict = Verdict { kind, teacher: Some(teacher), claim, record: None, detail: detail.clone() };
    let decision = decisions::decide(tx, rules.keys, &verdict, by).await?;
    let claims = match ruling {
        Ruling::Accept { claim, .. } | Ruling::Reject { claim, .. } => vec![claim],
        Ruling::Merge { from, into } => {
            give_numbers(tx, &detail, into).await?;
            claims_of(tx, from).await?
        }
    };
    Ok(Ok(Ruled { decision, teachers: derive(tx, rules, &claims).await? }))
}

/// Takes a decision about identity back.
///
/// # Errors
/// [`StoreError`].
pub async fn undo(
    tx: &mut Tx,
    rules: Rules<'_>,
    decision: &Decision,
    by: Author<'_>,
) -> Result<Result<Ruled, Refused>, StoreError> {
    begin(tx).await?;
    let mut claims: Vec<i64> = decision.claim.into_iter().collect();
    if let (Some(into), Some(from)) = (decision.teacher, merged_from(decision)) {
        let later = merges(tx).await?.into_iter().find(|m| m.decision > decision.decision && shares(m, decision));
        if let Some(later) = later {
            return Ok(Err(Refused::Later(later.decision)));
        }
        claims = claims_of(tx, into).await?;
        give_numbers(tx, &decision.detail, from).await?;
    }
    decisions::reverse(tx, rules.keys, decision.decision, by).await?;
    Ok(Ok(Ruled { decision: decision.decision, teachers: derive(tx, rules, &claims).await? }))
}

/// Whoever finds and decides by rule is waited for first: it locks claims before it changes them.
async fn begin(tx: &mut Tx) -> Result<(), StoreError> {
    tx.lock(crate::identity::LOCK.0, crate::identity::LOCK.1).await?;
    claims::change(tx).await
}

fn merged_from(decision: &Decision) -> Option<i64> {
    let from = decision.detail.get("from").and_then(serde_json::Value::as_i64);
    from.filter(|_| decision.kind == DecisionKind::IdentityMerge)
}

/// The blind indexes of the numbers that a merger moved, in hexadecimal.
fn numbers(detail: &serde_json::Value) -> Vec<String> {
    let list = detail.get("numbers").and_then(|list| list.as_array());
    list.into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn shares(one: &Decision, other: &Decision) -> bool {
    let mine = numbers(&one.detail);
    numbers(&other.detail).iter().any(|number| mine.contains(number))
}

/// The numbers that people gave to another teacher: blind index in hexadecimal → the decision.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn merged_numbers(tx: &mut Tx) -> Result<HashMap<String, i64>, StoreError> {
    let moved = |m: &Decision| numbers(&m.detail).into_iter().map(|number| (number, m.decision)).collect::<Vec<_>>();
    Ok(merges(tx).await?.iter().flat_map(moved).collect())
}

/// By what a claim with this number is the teacher's who has the number.
pub(crate) fn by_number(merged: &HashMap<String, i64>, index: &[u8]) -> String {
    merged.get(&hex_encode(index)).map_or_else(|| "id_number".to_owned(), |decision| format!("decision {decision}"))
}

async fn merges(tx: &mut Tx) -> Result<Vec<Decision>, StoreError> {
    decisions::of_kind(tx, DecisionKind::IdentityMerge).await
}

async fn refuse(tx: &mut Tx, ruling: Ruling) -> Result<Option<Refused>, StoreError> {
    let (claim, teachers) = match ruling {
        Ruling::Accept { claim, teacher } | Ruling::Reject { claim, teacher } => (Some(claim), vec![teacher]),
        Ruling::Merge { from, into } => (None, vec![from, into]),
    };
    for teacher in teachers {
        let found = tx.rows("SELECT origin FROM teacher WHERE id = $1", vec![teacher.into()]).await?;
        let Some(row) = found.first() else { return Ok(Some(Refused::NoTeacher(teacher))) };
        if matches!(ruling, Ruling::Merge { from, .. } if from == teacher) && row.text("origin")? == "roster" {
            return Ok(Some(Refused::OnRoster(teacher)));
        }
    }
    if matches!(ruling, Ruling::Merge { from, into } if from == into) {
        return Ok(Some(Refused::Itself));
    }
    let Some(claim) = claim else { return Ok(None) };
    let sql = "SELECT id FROM claim WHERE id = $1 {lock}";
    if tx.rows(sql, vec![claim.into()]).await?.is_empty() {
        return Ok(Some(Refused::NoClaim(claim)));
    }
    let (kind, teacher) = match ruling {
        Ruling::Accept { teacher, .. } => (DecisionKind::IdentityAccept, teacher),
        Ruling::Reject { teacher, .. } | Ruling::Merge { from: teacher, .. } => (DecisionKind::IdentityReject, teacher),
    };
    let held = decisions::on_claims(tx, &[claim]).await?;
    let newest = held.last().filter(|d| d.kind == kind && d.teacher == Some(teacher));
    Ok(newest.map(|d| Refused::Already(d.decision)))
}

async fn numbers_of(tx: &mut Tx, teacher: i64) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT blind_index FROM teacher_identifier WHERE teacher_id = $1 ORDER BY blind_index";
    tx.rows(sql, vec![teacher.into()]).await?.iter().map(|row| Ok(hex_encode(&row.bytes("blind_index")?))).collect()
}

async fn give_numbers(tx: &mut Tx, detail: &serde_json::Value, teacher: i64) -> Result<(), StoreError> {
    let indexes: Vec<Vec<u8>> = numbers(detail).iter().filter_map(|hex| huiliu_vault::keys::hex_decode(hex)).collect();
    let rows = Rows::new().bytes("blind_index", indexes.iter().map(Vec::as_slice));
    tx.run_with(
        "UPDATE teacher_identifier SET teacher_id = $1 WHERE blind_index IN (SELECT blind_index FROM {rows})",
        vec![teacher.into()],
        rows,
    )
    .await?;
    Ok(())
}

async fn claims_of(tx: &mut Tx, teacher: i64) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT id FROM claim WHERE teacher_id = $1 ORDER BY id";
    tx.rows(sql, vec![teacher.into()]).await?.iter().map(|row| row.int("id")).collect()
}

/// A claim as it stands.
struct Stands {
    id: i64,
    index: Vec<u8>,
    told: bool,
    teacher: Option<i64>,
}

async fn standing(tx: &mut Tx, claims: &[i64]) -> Result<Vec<Stands>, StoreError> {
    let rows = tx
        .rows_with(
            "SELECT c.id AS id, c.blind_index AS blind_index, c.teacher_id AS teacher_id,
                    CASE WHEN c.told IS NULL THEN 0 ELSE 1 END AS told
             FROM claim c WHERE c.id IN (SELECT id FROM {rows}) ORDER BY c.id {lock}",
            vec![],
            Rows::new().int("id", claims.iter().copied().map(Some)),
        )
        .await?;
    let stands = |row: &Row| {
        Ok(Stands {
            id: row.int("id")?,
            index: row.bytes("blind_index")?,
            told: row.int("told")? == 1,
            teacher: row.opt_int("teacher_id")?,
        })
    };
    rows.iter().map(stands).collect()
}

/// Whose a claim is from now on.
struct Derived {
    claim_id: i64,
    /// The teacher; none where it is nobody's.
    teacher_id: Option<i64>,
    /// By what; empty where it is nobody's by rule.
    decided_by: String,
}

/// Derives whose these claims are: by the newest decision that holds, else by rule. Gives the teachers who lost or got one.
async fn derive(tx: &mut Tx, rules: Rules<'_>, claims: &[i64]) -> Result<Vec<i64>, StoreError> {
    let before = standing(tx, claims).await?;
    let mut accepted: HashMap<i64, (i64, i64)> = HashMap::new();
    let mut rejected: HashMap<(i64, i64), i64> = HashMap::new();
    for decision in decisions::on_claims(tx, claims).await? {
        let (Some(claim), Some(teacher)) = (decision.claim, decision.teacher) else { continue };
        match decision.kind {
            DecisionKind::IdentityAccept => {
                accepted.insert(claim, (teacher, decision.decision));
            }
            _ => {
                rejected.insert((claim, teacher), decision.decision);
                // What was accepted before and is rejected now is accepted no more.
                if accepted.get(&claim).is_some_and(|(of, _)| *of == teacher) {
                    accepted.remove(&claim);
                }
            }
        }
    }
    let by_rule: Vec<i64> = before.iter().filter(|c| c.told && !accepted.contains_key(&c.id)).map(|c| c.id).collect();
    decide_on(tx, rules.keys, rules.weights, &by_rule).await?;
    let owners = owners(tx, &before).await?;
    let mut made: Vec<Derived> = Vec::new();
    let derived = |claim: &Stands, teacher_id, decided_by| Derived { claim_id: claim.id, teacher_id, decided_by };
    for claim in &before {
        let owner = owners.get(&claim.index);
        if let Some((teacher, decision)) = accepted.get(&claim.id) {
            made.push(derived(claim, Some(*teacher), format!("decision {decision}")));
        } else if !claim.told {
            let refused = owner.and_then(|(owner, _)| rejected.get(&(claim.id, *owner)));
            made.push(match (refused, owner) {
                (Some(decision), _) => derived(claim, None, format!("decision {decision}")),
                (None, Some((owner, by))) => derived(claim, Some(*owner), by.clone()),
                (None, None) => derived(claim, None, String::new()),
            });
        }
    }
    write(tx, &made).await?;
    let after = standing(tx, claims).await?;
    let moved = before.iter().zip(&after).filter(|(was, is)| was.teacher != is.teacher);
    let mut teachers: Vec<i64> = moved.flat_map(|(was, is)| was.teacher.into_iter().chain(is.teacher)).collect();
    teachers.extend(after.iter().filter_map(|c| c.teacher));
    teachers.sort_unstable();
    teachers.dedup();
    marks::add(tx, teachers.iter().copied()).await?;
    Ok(teachers)
}

/// Blind index → who has the number, and by what.
async fn owners(tx: &mut Tx, claims: &[Stands]) -> Result<HashMap<Vec<u8>, (i64, String)>, StoreError> {
    let merged = merged_numbers(tx).await?;
    let numbered = claims.iter().filter(|c| !c.told && !c.index.is_empty());
    let rows = Rows::new().bytes("blind_index", numbered.map(|c| c.index.as_slice()));
    let found = tx
        .rows_with(
            "SELECT i.blind_index AS blind_index, i.teacher_id AS teacher_id
             FROM {rows} {join teacher_identifier i ON i.blind_index = incoming.blind_index AND i.kind = 'id_number'}",
            vec![],
            rows,
        )
        .await?;
    let owner = |row: &Row| {
        let index = row.bytes("blind_index")?;
        let by = by_number(&merged, &index);
        Ok((index, (row.int("teacher_id")?, by)))
    };
    found.iter().map(owner).collect()
}

async fn write(tx: &mut Tx, made: &[Derived]) -> Result<(), StoreError> {
    let ids = || Rows::new().int("id", made.iter().map(|of| Some(of.claim_id)));
    let rows = ids()
        .int("teacher_id", made.iter().map(|of| of.teacher_id))
        .text("state", made.iter().map(|of| Some(if of.teacher_id.is_some() { "definite" } else { "none" })))
        .text("decided_by", made.iter().map(|of| Some(of.decided_by.as_str())));
    tx.run_with(
        "UPDATE claim SET teacher_id = incoming.teacher_id, state = incoming.state, decided_by = incoming.decided_by,
           doubt = NULL FROM {rows} WHERE claim.id = incoming.id",
        vec![],
        rows,
    )
    .await?;
    tx.run_with("DELETE FROM candidate WHERE claim_id IN (SELECT id FROM {rows})", vec![], ids()).await?;
    Ok(())
}
