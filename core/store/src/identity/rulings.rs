//! Rulings: people's decisions about claims. A decision is written first, and then its claims are derived again, from
//! the newest decision in force or else by rule. So a decision can be taken back without remembering what was before.

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

/// A person's decision about a claim or a provisional teacher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// The claim belongs to the teacher.
    Accept {
        /// Number of the claim.
        claim: i64,
        /// Number of the teacher.
        teacher: i64,
    },
    /// The claim does not belong to the teacher.
    Reject {
        /// Number of the claim.
        claim: i64,
        /// Number of the teacher.
        teacher: i64,
    },
    /// A provisional teacher is the same person as another teacher.
    Merge {
        /// The provisional teacher.
        from: i64,
        /// The teacher it is merged into.
        into: i64,
    },
}

/// Why a ruling is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There is no claim with this number.
    NoClaim(i64),
    /// There is no teacher with this number.
    NoTeacher(i64),
    /// A teacher cannot be merged into itself.
    Itself,
    /// The same was decided before, by this decision.
    Already(i64),
    /// A teacher on the roster cannot be merged into another one; the roster says who its teachers are.
    OnRoster(i64),
    /// This later decision moved the same ID numbers again. It must be taken back first.
    Later(i64),
}

/// The keys and rules by which claims are decided.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// For reading sealed descriptions and writing the audit log.
    pub keys: &'a Keys,
    /// Weights and rules of matching.
    pub weights: &'a Weights,
}

/// The result of a ruling, or of taking one back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulingResult {
    /// Number of the decision.
    pub decision: i64,
    /// The teachers whose hours may have changed.
    pub teachers: Vec<i64>,
}

/// Makes a ruling with all its consequences. It takes effect only if the transaction is committed.
///
/// # Errors
/// [`StoreError`].
pub async fn apply_ruling(
    tx: &mut Tx,
    rules: Rules<'_>,
    ruling: Ruling,
    by: Author<'_>,
) -> Result<Result<RulingResult, Refused>, StoreError> {
    lock_identity(tx).await?;
    if let Some(refused) = find_refusal(tx, ruling).await? {
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
    let decision = decisions::insert_decision(tx, rules.keys, &verdict, by).await?;
    let claims = match ruling {
        Ruling::Accept { claim, .. } | Ruling::Reject { claim, .. } => vec![claim],
        Ruling::Merge { from, into } => {
            move_numbers(tx, &detail, into).await?;
            claims_of(tx, from).await?
        }
    };
    Ok(Ok(RulingResult { decision, teachers: derive_owners(tx, rules, &claims).await? }))
}

/// Takes back a ruling.
///
/// # Errors
/// [`StoreError`].
pub async fn undo_ruling(
    tx: &mut Tx,
    rules: Rules<'_>,
    decision: &Decision,
    by: Author<'_>,
) -> Result<Result<RulingResult, Refused>, StoreError> {
    lock_identity(tx).await?;
    let mut claims: Vec<i64> = decision.claim.into_iter().collect();
    if let (Some(into), Some(from)) = (decision.teacher, merged_from(decision)) {
        let later =
            load_merges(tx).await?.into_iter().find(|m| m.decision > decision.decision && shares_numbers(m, decision));
        if let Some(later) = later {
            return Ok(Err(Refused::Later(later.decision)));
        }
        claims = claims_of(tx, into).await?;
        move_numbers(tx, &decision.detail, from).await?;
    }
    decisions::reverse_decision(tx, rules.keys, decision.decision, by).await?;
    Ok(Ok(RulingResult { decision: decision.decision, teachers: derive_owners(tx, rules, &claims).await? }))
}

/// Waits for a process that is deciding by rule, because it locks claims before it changes them. Then blocks loads.
async fn lock_identity(tx: &mut Tx) -> Result<(), StoreError> {
    tx.take_advisory_lock(crate::identity::LOCK.0, crate::identity::LOCK.1).await?;
    claims::lock_claims_for_change(tx).await
}

fn merged_from(decision: &Decision) -> Option<i64> {
    let from = decision.detail.get("from").and_then(serde_json::Value::as_i64);
    from.filter(|_| decision.kind == DecisionKind::IdentityMerge)
}

/// Returns the blind indexes of the numbers that a merge moved, in hexadecimal.
fn parse_numbers(detail: &serde_json::Value) -> Vec<String> {
    let list = detail.get("numbers").and_then(|list| list.as_array());
    list.into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn shares_numbers(one: &Decision, other: &Decision) -> bool {
    let mine = parse_numbers(&one.detail);
    parse_numbers(&other.detail).iter().any(|number| mine.contains(number))
}

/// Loads the numbers that people gave to another teacher by a merge: blind index in hexadecimal → decision.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn load_merged_numbers(tx: &mut Tx) -> Result<HashMap<String, i64>, StoreError> {
    let moved =
        |m: &Decision| parse_numbers(&m.detail).into_iter().map(|number| (number, m.decision)).collect::<Vec<_>>();
    Ok(load_merges(tx).await?.iter().flat_map(moved).collect())
}

/// Returns what makes a claim with this number the teacher's: the number itself, or the merge that moved it.
pub(crate) fn decided_by_number(merged: &HashMap<String, i64>, index: &[u8]) -> String {
    merged.get(&hex_encode(index)).map_or_else(|| "id_number".to_owned(), |decision| format!("decision {decision}"))
}

async fn load_merges(tx: &mut Tx) -> Result<Vec<Decision>, StoreError> {
    decisions::list_of_kind(tx, DecisionKind::IdentityMerge).await
}

async fn find_refusal(tx: &mut Tx, ruling: Ruling) -> Result<Option<Refused>, StoreError> {
    let (claim, teachers) = match ruling {
        Ruling::Accept { claim, teacher } | Ruling::Reject { claim, teacher } => (Some(claim), vec![teacher]),
        Ruling::Merge { from, into } => (None, vec![from, into]),
    };
    for teacher in teachers {
        let found = tx.fetch_rows("SELECT origin FROM teacher WHERE id = $1", vec![teacher.into()]).await?;
        let Some(row) = found.first() else { return Ok(Some(Refused::NoTeacher(teacher))) };
        if matches!(ruling, Ruling::Merge { from, .. } if from == teacher) && row.text("origin")? == "roster" {
            return Ok(Some(Refused::OnRoster(teacher)));
        }
    }
    if matches!(ruling, Ruling::Merge { from, into } if from == into) {
        return Ok(Some(Refused::Itself));
    }
    let Some(claim) = claim else { return Ok(None) };
    let sql = "SELECT id FROM identity_claim WHERE id = $1 {lock}";
    if tx.fetch_rows(sql, vec![claim.into()]).await?.is_empty() {
        return Ok(Some(Refused::NoClaim(claim)));
    }
    let (kind, teacher) = match ruling {
        Ruling::Accept { teacher, .. } => (DecisionKind::IdentityAccept, teacher),
        Ruling::Reject { teacher, .. } | Ruling::Merge { from: teacher, .. } => (DecisionKind::IdentityReject, teacher),
    };
    let held = decisions::list_on_claims(tx, &[claim]).await?;
    let newest = held.last().filter(|d| d.kind == kind && d.teacher == Some(teacher));
    Ok(newest.map(|d| Refused::Already(d.decision)))
}

async fn numbers_of(tx: &mut Tx, teacher: i64) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT blind_index FROM teacher_identifier WHERE teacher_id = $1 ORDER BY blind_index";
    tx.fetch_rows(sql, vec![teacher.into()])
        .await?
        .iter()
        .map(|row| Ok(hex_encode(&row.bytes("blind_index")?)))
        .collect()
}

async fn move_numbers(tx: &mut Tx, detail: &serde_json::Value, teacher: i64) -> Result<(), StoreError> {
    let indexes: Vec<Vec<u8>> =
        parse_numbers(detail).iter().filter_map(|hex| huiliu_vault::keys::hex_decode(hex)).collect();
    let rows = Rows::new().bytes("blind_index", indexes.iter().map(Vec::as_slice));
    tx.execute_with(
        "UPDATE teacher_identifier SET teacher_id = $1 WHERE blind_index IN (SELECT blind_index FROM {rows})",
        vec![teacher.into()],
        rows,
    )
    .await?;
    Ok(())
}

async fn claims_of(tx: &mut Tx, teacher: i64) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT id FROM identity_claim WHERE teacher_id = $1 ORDER BY id";
    tx.fetch_rows(sql, vec![teacher.into()]).await?.iter().map(|row| row.int("id")).collect()
}

/// The current state of a claim.
struct CurrentClaim {
    id: i64,
    index: Vec<u8>,
    told: bool,
    teacher: Option<i64>,
}

async fn load_claim_states(tx: &mut Tx, claims: &[i64]) -> Result<Vec<CurrentClaim>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT c.id AS id, c.blind_index AS blind_index, c.teacher_id AS teacher_id,
                    CASE WHEN c.person_details IS NULL THEN 0 ELSE 1 END AS told
             FROM identity_claim c WHERE c.id IN (SELECT id FROM {rows}) ORDER BY c.id {lock}",
            vec![],
            Rows::new().int("id", claims.iter().copied().map(Some)),
        )
        .await?;
    let stands = |row: &Row| {
        Ok(CurrentClaim {
            id: row.int("id")?,
            index: row.bytes("blind_index")?,
            told: row.int("told")? == 1,
            teacher: row.opt_int("teacher_id")?,
        })
    };
    rows.iter().map(stands).collect()
}

/// The new owner of a claim.
struct Derived {
    claim_id: i64,
    /// The teacher; `None` if the claim belongs to nobody.
    teacher_id: Option<i64>,
    /// What decided it; empty if it belongs to nobody and no decision says so.
    decided_by: String,
}

/// Derives the owners of these claims: from the newest decision in force, else by rule. Returns the teachers who lost,
/// gained or have one of them.
async fn derive_owners(tx: &mut Tx, rules: Rules<'_>, claims: &[i64]) -> Result<Vec<i64>, StoreError> {
    let before = load_claim_states(tx, claims).await?;
    let mut accepted: HashMap<i64, (i64, i64)> = HashMap::new();
    let mut rejected: HashMap<(i64, i64), i64> = HashMap::new();
    for decision in decisions::list_on_claims(tx, claims).await? {
        let (Some(claim), Some(teacher)) = (decision.claim, decision.teacher) else { continue };
        match decision.kind {
            DecisionKind::IdentityAccept => {
                accepted.insert(claim, (teacher, decision.decision));
            }
            _ => {
                rejected.insert((claim, teacher), decision.decision);
                // A later rejection cancels an earlier acceptance.
                if accepted.get(&claim).is_some_and(|(of, _)| *of == teacher) {
                    accepted.remove(&claim);
                }
            }
        }
    }
    let by_rule: Vec<i64> = before.iter().filter(|c| c.told && !accepted.contains_key(&c.id)).map(|c| c.id).collect();
    decide_on(tx, rules.keys, rules.weights, &by_rule).await?;
    let owners = load_number_owners(tx, &before).await?;
    let mut made: Vec<Derived> = Vec::new();
    let derived = |claim: &CurrentClaim, teacher_id, decided_by| Derived { claim_id: claim.id, teacher_id, decided_by };
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
    write_owners(tx, &made).await?;
    let after = load_claim_states(tx, claims).await?;
    let moved = before.iter().zip(&after).filter(|(was, is)| was.teacher != is.teacher);
    let mut teachers: Vec<i64> = moved.flat_map(|(was, is)| was.teacher.into_iter().chain(is.teacher)).collect();
    teachers.extend(after.iter().filter_map(|c| c.teacher));
    teachers.sort_unstable();
    teachers.dedup();
    marks::add_marks(tx, teachers.iter().copied()).await?;
    Ok(teachers)
}

/// Loads the owners of the claims' ID numbers: blind index → teacher, and what decided it.
async fn load_number_owners(
    tx: &mut Tx,
    claims: &[CurrentClaim],
) -> Result<HashMap<Vec<u8>, (i64, String)>, StoreError> {
    let merged = load_merged_numbers(tx).await?;
    let numbered = claims.iter().filter(|c| !c.told && !c.index.is_empty());
    let rows = Rows::new().bytes("blind_index", numbered.map(|c| c.index.as_slice()));
    let found = tx
        .fetch_rows_with(
            "SELECT i.blind_index AS blind_index, i.teacher_id AS teacher_id
             FROM {rows} {join teacher_identifier i ON i.blind_index = incoming.blind_index AND i.kind = 'id_number'}",
            vec![],
            rows,
        )
        .await?;
    let owner = |row: &Row| {
        let index = row.bytes("blind_index")?;
        let by = decided_by_number(&merged, &index);
        Ok((index, (row.int("teacher_id")?, by)))
    };
    found.iter().map(owner).collect()
}

async fn write_owners(tx: &mut Tx, made: &[Derived]) -> Result<(), StoreError> {
    let ids = || Rows::new().int("id", made.iter().map(|of| Some(of.claim_id)));
    let rows = ids()
        .int("teacher_id", made.iter().map(|of| of.teacher_id))
        .text("state", made.iter().map(|of| Some(if of.teacher_id.is_some() { "definite" } else { "none" })))
        .text("decided_by", made.iter().map(|of| Some(of.decided_by.as_str())));
    tx.execute_with(
        "UPDATE identity_claim SET teacher_id = incoming.teacher_id, state = incoming.state, decided_by = incoming.decided_by,
           doubt = NULL FROM {rows} WHERE identity_claim.id = incoming.id",
        vec![],
        rows,
    )
    .await?;
    tx.execute_with("DELETE FROM candidate WHERE claim_id IN (SELECT id FROM {rows})", vec![], ids()).await?;
    Ok(())
}
