//! Decides claims: finds the teachers who share a key with a claim, compares everything else, and writes the result.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::identity::identifiers::{self, Index};
use crate::identity::keying::{ALL, compute_second_keys, unpack_digests};
use crate::identity::rulings::{decided_by_number, load_merged_numbers};
use crate::identity::{claims, compute_match_keys, digest_value, open_person_details, try_lock_identity};
use crate::ledger::{fence, marks};
use crate::roster;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_matching::decide::{Candidate, Decision, decide_claim};
use huiliu_matching::keys::{KeyUse, Kind};
use huiliu_matching::score::{self, emit_counted_values};
use huiliu_matching::{Frequencies, Profile, Verdict, Weights};
use huiliu_vault::keys::Keys;

/// Number of claims decided together.
const PAGE: i64 = 200;
/// Up to this many teachers who share a key are all compared. If there are more, only those who also share a second key
/// are.
const BLOCK: i64 = 50;
/// Above this many teachers who share a key, second keys are not searched either.
const MAX: i64 = 2_000;

/// Decides the next new claims. Returns how many, 0 if none is left or another process is deciding, or `None` if the rules
/// are no longer those of the activation; a rehearsal is not fenced.
///
/// # Errors
/// [`StoreError`]; no claim is decided then.
pub(super) async fn decide_page(
    db: &Db,
    keys: &Keys,
    weights: &Weights,
    activation: i64,
) -> Result<Option<usize>, StoreError> {
    let mut tx = db.begin().await?;
    if !try_lock_identity(&mut tx).await? {
        return Ok(Some(0));
    }
    let sql = "SELECT id FROM identity_claim WHERE state = 'new' ORDER BY id LIMIT $1";
    let ids: Vec<i64> =
        tx.fetch_rows(sql, vec![PAGE.into()]).await?.iter().map(|row| row.int("id")).collect::<Result<_, _>>()?;
    decide_on(&mut tx, keys, weights, &ids).await?;
    if !tx.is_rehearsed() && !fence::rules_still_hold(&mut tx, activation).await? {
        tx.roll_back().await?;
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(ids.len()))
}

/// Decides these claims by rule, whatever their state.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn decide_on(tx: &mut Tx, keys: &Keys, weights: &Weights, ids: &[i64]) -> Result<(), StoreError> {
    let claims = load_claims(tx, keys, ids).await?;
    if claims.is_empty() {
        return Ok(());
    }
    let found = find_candidates(tx, keys, &claims).await?;
    let teachers: Vec<i64> =
        found.iter().flat_map(|f| &f.teachers).copied().collect::<BTreeSet<_>>().into_iter().collect();
    let told = roster::load_person_details(tx, keys, &teachers).await?;
    let people: HashMap<i64, Profile> = told.iter().map(|(teacher, told)| (*teacher, told.to_profile())).collect();
    let among = load_frequencies(tx, keys, claims.iter().map(|c| &c.profile).chain(people.values())).await?;
    let rejected = load_rejections(tx, ids).await?;
    let mut decided = Vec::with_capacity(claims.len());
    for (claim, found) in claims.iter().zip(&found) {
        let may_be = found.teachers.iter().filter(|teacher| {
            let this = Rejection { claim_id: claim.id, teacher_id: **teacher };
            !rejected.contains(&this)
        });
        let candidates = may_be.filter_map(|teacher| {
            let row = teachers.binary_search(teacher).ok().and_then(|at| u32::try_from(at).ok())?;
            Some(Candidate {
                row,
                scored: score::compare_profiles(weights, &among, &claim.profile, people.get(teacher)?),
            })
        });
        // A claim with a valid ID number cannot belong to anybody with another number, so too many candidates do not
        // matter.
        let crowded = found.crowded && claim.index.is_none();
        decided.push(ClaimDecision { claim, decision: decide_claim(weights, candidates.collect(), crowded, false) });
    }
    write_decisions(tx, keys, &decided, &teachers, &rejected).await
}

/// A claim to be decided.
struct OpenClaim {
    id: i64,
    /// The ID number, if it is valid and has a check character, and its blind index.
    index: Option<(Index, String)>,
    teacher: Option<i64>,
    profile: Profile,
}

/// A claim and its decision.
struct ClaimDecision<'c> {
    claim: &'c OpenClaim,
    decision: Decision,
}

/// A claim and a teacher of whom a person decided that they do not match.
#[derive(PartialEq, Eq, Hash)]
struct Rejection {
    claim_id: i64,
    teacher_id: i64,
}

async fn load_claims(tx: &mut Tx, keys: &Keys, ids: &[i64]) -> Result<Vec<OpenClaim>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT c.id AS id, c.claim_key AS claim_key, c.teacher_id AS teacher_id, c.person_details AS person_details FROM identity_claim c
             WHERE c.id IN (SELECT id FROM {rows}) AND c.person_details IS NOT NULL ORDER BY c.id {lock}",
            vec![],
            Rows::new().int("id", ids.iter().copied().map(Some)),
        )
        .await?;
    let claim = |row: &Row| {
        let profile = open_person_details(keys, &row.bytes("claim_key")?, &row.bytes("person_details")?)?.to_profile();
        // A number of fifteen digits has no check character. A mistyped one would be nobody's number, so it creates no
        // teacher.
        let sure = profile.id.as_ref().filter(|id| id.is_valid() && !id.is_unchecked());
        let number = sure.map(|id| id.reveal().to_owned());
        let index = number.map(|number| (identifiers::compute_index(keys, &number), number));
        Ok(OpenClaim { id: row.int("id")?, index, teacher: row.opt_int("teacher_id")?, profile })
    };
    rows.iter().map(claim).collect()
}

/// The teachers who share a key with a claim.
#[derive(Debug, Default)]
struct KeySharers {
    teachers: BTreeSet<i64>,
    /// Whether too many teachers share a key to compare them all.
    crowded: bool,
}

async fn find_candidates(tx: &mut Tx, keys: &Keys, claims: &[OpenClaim]) -> Result<Vec<KeySharers>, StoreError> {
    let looked: Vec<Vec<(Kind, i64)>> =
        claims.iter().map(|c| compute_match_keys(keys, &c.profile, KeyUse::Look)).collect();
    let wanted: BTreeSet<i64> = looked.iter().flatten().map(|(_, key)| *key).collect();
    let sizes = count_block_sizes(tx, &wanted).await?;
    let of = |bounds: std::ops::RangeInclusive<i64>| {
        sizes.iter().filter(move |(_, size)| bounds.contains(size)).map(|(key, _)| *key).collect::<Vec<_>>()
    };
    let small = load_blocks(tx, &of(1..=BLOCK), false).await?;
    let large = load_blocks(tx, &of(BLOCK + 1..=MAX), true).await?;
    let mut found = Vec::with_capacity(claims.len());
    for (claim, looked) in claims.iter().zip(&looked) {
        let mut one = KeySharers::default();
        let mut weak: HashMap<i64, usize> = HashMap::new();
        let mine = compute_second_keys(keys, &claim.profile);
        for (kind, key) in looked.iter().collect::<BTreeSet<_>>() {
            let met: Vec<i64> = match sizes.get(key).copied().unwrap_or(0) {
                0 => continue,
                1..=BLOCK => small.get(key).into_iter().flatten().map(|sharing| sharing.teacher_id).collect(),
                size if size <= MAX => narrow_by_second_keys(large.get(key).map_or(&[], Vec::as_slice), &mine),
                _ => vec![],
            };
            one.crowded |= met.is_empty();
            if kind.is_weak() {
                met.iter().for_each(|teacher| *weak.entry(*teacher).or_default() += 1);
            } else {
                one.teachers.extend(met);
            }
        }
        one.teachers.extend(weak.into_iter().filter(|(_, times)| *times > 1).map(|(teacher, _)| teacher));
        found.push(one);
    }
    Ok(found)
}

/// Counts the teachers who share each key, up to [`MAX`] + 1.
async fn count_block_sizes(tx: &mut Tx, wanted: &BTreeSet<i64>) -> Result<HashMap<i64, i64>, StoreError> {
    let sql = format!(
        "SELECT incoming.match_key AS match_key, (SELECT count(*) FROM
           (SELECT 1 FROM teacher_match_key k WHERE k.match_key = incoming.match_key LIMIT {}) AS few) AS size
         FROM {{rows}}",
        MAX + 1
    );
    let rows = tx.fetch_rows_with(&sql, vec![], Rows::new().int("match_key", wanted.iter().copied().map(Some))).await?;
    rows.iter().map(|row| Ok((row.int("match_key")?, row.int("size")?))).collect()
}

/// A teacher who has a key.
struct KeyHolder {
    teacher_id: i64,
    /// The teacher's second keys, packed; empty if they were not requested.
    seconds: Vec<u8>,
}

/// Key → the teachers who have it.
type Blocks = HashMap<i64, Vec<KeyHolder>>;

async fn load_blocks(tx: &mut Tx, wanted: &[i64], with_seconds: bool) -> Result<Blocks, StoreError> {
    let mut blocks = Blocks::new();
    if wanted.is_empty() {
        return Ok(blocks);
    }
    let (seconds, of) = match with_seconds {
        true => (", m.seconds AS seconds", "{join teacher_match m ON m.teacher_id = k.teacher_id}"),
        false => ("", ""),
    };
    let sql = format!(
        "SELECT incoming.match_key AS match_key, k.teacher_id AS teacher_id{seconds}
         FROM {{rows}} {{join teacher_match_key k ON k.match_key = incoming.match_key}} {of}"
    );
    let rows = tx.fetch_rows_with(&sql, vec![], Rows::new().int("match_key", wanted.iter().copied().map(Some))).await?;
    for row in &rows {
        let seconds = if with_seconds { row.bytes("seconds")? } else { vec![] };
        blocks
            .entry(row.int("match_key")?)
            .or_default()
            .push(KeyHolder { teacher_id: row.int("teacher_id")?, seconds });
    }
    Ok(blocks)
}

/// Of many teachers who share a key, returns those who also share one of the claim's three rarest second keys.
fn narrow_by_second_keys(all: &[KeyHolder], mine: &[i64]) -> Vec<i64> {
    let mut by_second: BTreeMap<i64, Vec<i64>> = mine.iter().map(|second| (*second, vec![])).collect();
    for KeyHolder { teacher_id, seconds } in all {
        for second in unpack_digests(seconds) {
            if let Some(met) = by_second.get_mut(&second) {
                met.push(*teacher_id);
            }
        }
    }
    let few = |met: &Vec<i64>| !met.is_empty() && i64::try_from(met.len()).is_ok_and(|n| n <= BLOCK);
    let mut rarest: Vec<Vec<i64>> = by_second.into_values().filter(few).collect();
    rarest.sort_by_key(Vec::len);
    rarest.into_iter().take(3).flatten().collect()
}

/// Counts how many teachers have each value of these profiles.
async fn load_frequencies<'p>(
    tx: &mut Tx,
    keys: &Keys,
    people: impl Iterator<Item = &'p Profile>,
) -> Result<Frequencies, StoreError> {
    let mut values = HashSet::new();
    for person in people {
        emit_counted_values(person, &mut |slot, value| {
            values.insert((slot, value.to_owned()));
        });
    }
    let values: Vec<_> = values.into_iter().collect();
    let digests = values.iter().map(|(slot, value)| Some(digest_value(keys, "count", slot.as_str(), value)));
    let ordinals = (0i64..).take(values.len() + 1).map(Some);
    let rows = Rows::new().int("ord", ordinals).int("value", digests.chain([Some(ALL)]));
    let counts = tx
        .fetch_rows_with(
            "SELECT incoming.ord AS ord, m.teachers AS teachers FROM {rows} {join match_count m ON m.value = incoming.value}",
            vec![],
            rows,
        )
        .await?;
    let of =
        |row: &Row| Ok::<_, StoreError>((usize::try_from(row.int("ord")?).unwrap_or(usize::MAX), row.int("teachers")?));
    let counts: Vec<(usize, i64)> = counts.iter().map(of).collect::<Result<_, _>>()?;
    let all = counts.iter().find(|(ord, _)| *ord == values.len()).map_or(0, |(_, n)| *n);
    let mut among = Frequencies::with_people(u64::try_from(all).unwrap_or(0));
    for (ord, teachers) in counts {
        if let Some((slot, value)) = values.get(ord) {
            among.set_count(*slot, value, u32::try_from(teachers.max(1)).unwrap_or(u32::MAX));
        }
    }
    Ok(among)
}

/// Loads the pairs of claim and teacher that a person has rejected.
async fn load_rejections(tx: &mut Tx, ids: &[i64]) -> Result<HashSet<Rejection>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT d.claim_id AS claim_id, d.teacher_id AS teacher_id
             FROM {rows} {join decision d ON d.claim_id = incoming.id} {left join decision r ON r.reverses = d.id}
             WHERE d.kind = 'identity.reject' AND d.reverses IS NULL AND r.id IS NULL AND d.teacher_id IS NOT NULL",
            vec![],
            Rows::new().int("id", ids.iter().copied().map(Some)),
        )
        .await?;
    let rejection = |row: &Row| Ok(Rejection { claim_id: row.int("claim_id")?, teacher_id: row.int("teacher_id")? });
    rows.iter().map(rejection).collect()
}

/// Writes the decisions, and marks the teachers whose hours they change.
async fn write_decisions(
    tx: &mut Tx,
    keys: &Keys,
    decided: &[ClaimDecision<'_>],
    teachers: &[i64],
    rejected: &HashSet<Rejection>,
) -> Result<(), StoreError> {
    // A person with a valid ID number whom the roster does not know becomes a provisional teacher.
    let unknown = decided.iter().filter(|of| of.decision.verdict == Verdict::None);
    let unknown = unknown.filter_map(|of| of.claim.index.as_ref());
    let numbers: BTreeMap<Index, &str> = unknown.map(|(index, number)| (*index, number.as_str())).collect();
    // Wait for running loads before creating teachers, because a load may be creating the same ones.
    claims::lock_claims_for_change(tx).await?;
    let provisional = identifiers::find_or_make_teachers(tx, keys, &numbers).await?;
    let teacher = |claim: &OpenClaim, decision: &Decision| match decision.verdict {
        Verdict::Definite => teachers.get(decision.candidates.first()?.row as usize).copied(),
        Verdict::Potential => None,
        Verdict::None => {
            let owner = provisional.get(&claim.index.as_ref()?.0).copied();
            owner.filter(|owner| !rejected.contains(&Rejection { claim_id: claim.id, teacher_id: *owner }))
        }
    };
    let owners: Vec<Option<i64>> = decided.iter().map(|of| teacher(of.claim, &of.decision)).collect();
    let state = |owner: &Option<i64>, decision: &Decision| match owner {
        Some(_) => Verdict::Definite.as_str(),
        None => decision.verdict.as_str(),
    };
    let merged = load_merged_numbers(tx).await?;
    let by = |claim: &OpenClaim, decision: &Decision, owner: &Option<i64>| match (owner, &decision.rule, &claim.index) {
        (None, ..) | (_, None, None) => String::new(),
        (Some(_), Some(rule), _) => rule.clone(),
        (Some(_), None, Some((index, _))) => decided_by_number(&merged, index),
    };
    let rules: Vec<String> = decided.iter().zip(&owners).map(|(of, owner)| by(of.claim, &of.decision, owner)).collect();
    let rows = Rows::new()
        .int("id", decided.iter().map(|of| Some(of.claim.id)))
        .int("teacher_id", owners.iter().copied())
        .text("state", decided.iter().zip(&owners).map(|(of, owner)| Some(state(owner, &of.decision))))
        .text("decided_by", rules.iter().map(|rule| Some(rule.as_str())))
        .text("doubt", decided.iter().map(|of| of.decision.doubt.map(|doubt| doubt.as_str())));
    tx.execute_with(
        "UPDATE identity_claim SET teacher_id = incoming.teacher_id, state = incoming.state, decided_by = incoming.decided_by,
           doubt = incoming.doubt FROM {rows} WHERE identity_claim.id = incoming.id",
        vec![],
        rows,
    )
    .await?;
    write_candidates(tx, decided, teachers).await?;
    let moved = decided.iter().zip(&owners).filter(|(of, owner)| of.claim.teacher != **owner);
    marks::add_marks(tx, moved.flat_map(|(of, owner)| of.claim.teacher.into_iter().chain(*owner))).await
}

async fn write_candidates(tx: &mut Tx, decided: &[ClaimDecision<'_>], teachers: &[i64]) -> Result<(), StoreError> {
    let ids = Rows::new().int("id", decided.iter().map(|of| Some(of.claim.id)));
    tx.execute_with("DELETE FROM candidate WHERE claim_id IN (SELECT id FROM {rows})", vec![], ids).await?;
    let told = decided.iter().flat_map(|ClaimDecision { claim, decision }| {
        let ranked = (1i64..).zip(&decision.candidates);
        ranked.filter_map(|(rank, c)| Some((claim.id, rank, *teachers.get(c.row as usize)?, &c.scored)))
    });
    let told: Vec<_> = told.collect();
    let evidence: Vec<String> =
        told.iter().map(|(.., scored)| serde_json::json!(scored.evidence).to_string()).collect();
    let rows = Rows::new()
        .int("claim_id", told.iter().map(|c| Some(c.0)))
        .int("rank", told.iter().map(|c| Some(c.1)))
        .int("teacher_id", told.iter().map(|c| Some(c.2)))
        .int("score", told.iter().map(|c| Some(c.3.score)))
        .text("evidence", evidence.iter().map(|json| Some(json.as_str())));
    tx.insert_rows("candidate", rows).await
}
