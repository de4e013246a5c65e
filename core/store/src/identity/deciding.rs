//! Claims that wait to be looked at: who shares a key with them, how much else agrees, and what follows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::identity::identifiers::{self, Index};
use crate::identity::keying::{ALL, seconds, unpack};
use crate::identity::rulings::{by_number, merged_numbers};
use crate::identity::{alone, claims, digest, match_keys, open_told};
use crate::ledger::marks;
use crate::roster;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_matching::decide::{Candidate, Decision, decide};
use huiliu_matching::keys::{Kind, Use};
use huiliu_matching::score::{self, counted};
use huiliu_matching::{Frequencies, Profile, Verdict, Weights};
use huiliu_vault::keys::Keys;

/// Claims decided together.
const PAGE: i64 = 200;
/// Teachers who share a key up to which all of them are compared; of more only those who share a second one, too.
const BLOCK: i64 = 50;
/// Teachers who share a key beyond which they are too many to look for a second one.
const MAX: i64 = 2_000;

/// Decides on the next claims that wait; gives how many, 0 when none is left or somebody else decides.
///
/// # Errors
/// [`StoreError`]; nothing was decided then.
pub(super) async fn decide_page(db: &Db, keys: &Keys, weights: &Weights) -> Result<usize, StoreError> {
    let mut tx = db.begin().await?;
    if !alone(&mut tx).await? {
        return Ok(0);
    }
    let sql = "SELECT id FROM claim WHERE state = 'new' ORDER BY id LIMIT $1";
    let ids: Vec<i64> =
        tx.rows(sql, vec![PAGE.into()]).await?.iter().map(|row| row.int("id")).collect::<Result<_, _>>()?;
    decide_on(&mut tx, keys, weights, &ids).await?;
    tx.commit().await?;
    Ok(ids.len())
}

/// Decides on these claims by rule, whatever they were.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn decide_on(tx: &mut Tx, keys: &Keys, weights: &Weights, ids: &[i64]) -> Result<(), StoreError> {
    let claims = read(tx, keys, ids).await?;
    if claims.is_empty() {
        return Ok(());
    }
    let found = find(tx, keys, &claims).await?;
    let teachers: Vec<i64> =
        found.iter().flat_map(|f| &f.teachers).copied().collect::<BTreeSet<_>>().into_iter().collect();
    let told = roster::told(tx, keys, &teachers).await?;
    let people: HashMap<i64, Profile> = told.iter().map(|(teacher, told)| (*teacher, told.profile())).collect();
    let among = frequencies(tx, keys, claims.iter().map(|c| &c.profile).chain(people.values())).await?;
    let rejected = rejected(tx, ids).await?;
    let mut decided = Vec::with_capacity(claims.len());
    for (claim, found) in claims.iter().zip(&found) {
        let may_be = found.teachers.iter().filter(|teacher| {
            let this = Rejection { claim_id: claim.id, teacher_id: **teacher };
            !rejected.contains(&this)
        });
        let candidates = may_be.filter_map(|teacher| {
            let row = teachers.binary_search(teacher).ok().and_then(|at| u32::try_from(at).ok())?;
            Some(Candidate { row, scored: score::compare(weights, &among, &claim.profile, people.get(teacher)?) })
        });
        // Who has another valid number is somebody else, so nobody need be looked for among many.
        let crowded = found.crowded && claim.index.is_none();
        decided.push(Decided { claim, decision: decide(weights, candidates.collect(), crowded, false) });
    }
    write(tx, keys, &decided, &teachers, &rejected).await
}

/// A claim to be decided on.
struct Claim {
    id: i64,
    /// The index of a valid ID number whose check character agrees, and the number.
    index: Option<(Index, String)>,
    teacher: Option<i64>,
    profile: Profile,
}

/// A claim, and what is decided of it.
struct Decided<'c> {
    claim: &'c Claim,
    decision: Decision,
}

/// A teacher of whom a person has said that a claim is not about them.
#[derive(PartialEq, Eq, Hash)]
struct Rejection {
    claim_id: i64,
    teacher_id: i64,
}

async fn read(tx: &mut Tx, keys: &Keys, ids: &[i64]) -> Result<Vec<Claim>, StoreError> {
    let rows = tx
        .rows_with(
            "SELECT c.id AS id, c.claim_key AS claim_key, c.teacher_id AS teacher_id, c.told AS told FROM claim c
             WHERE c.id IN (SELECT id FROM {rows}) AND c.told IS NOT NULL ORDER BY c.id {lock}",
            vec![],
            Rows::new().int("id", ids.iter().copied().map(Some)),
        )
        .await?;
    let claim = |row: &Row| {
        let profile = open_told(keys, &row.bytes("claim_key")?, &row.bytes("told")?)?.profile();
        // Fifteen digits have no check character: a wrong one is a number of nobody, and makes no teacher.
        let sure = profile.id.as_ref().filter(|id| id.is_valid() && !id.is_unchecked());
        let number = sure.map(|id| id.reveal().to_owned());
        let index = number.map(|number| (identifiers::index(keys, &number), number));
        Ok(Claim { id: row.int("id")?, index, teacher: row.opt_int("teacher_id")?, profile })
    };
    rows.iter().map(claim).collect()
}

/// Who shares a key with a claim.
#[derive(Debug, Default)]
struct Found {
    teachers: BTreeSet<i64>,
    /// Whether too many share one to be looked through.
    crowded: bool,
}

async fn find(tx: &mut Tx, keys: &Keys, claims: &[Claim]) -> Result<Vec<Found>, StoreError> {
    let looked: Vec<Vec<(Kind, i64)>> = claims.iter().map(|c| match_keys(keys, &c.profile, Use::Look)).collect();
    let wanted: BTreeSet<i64> = looked.iter().flatten().map(|(_, key)| *key).collect();
    let sizes = sizes(tx, &wanted).await?;
    let of = |bounds: std::ops::RangeInclusive<i64>| {
        sizes.iter().filter(move |(_, size)| bounds.contains(size)).map(|(key, _)| *key).collect::<Vec<_>>()
    };
    let small = blocks(tx, &of(1..=BLOCK), false).await?;
    let large = blocks(tx, &of(BLOCK + 1..=MAX), true).await?;
    let mut found = Vec::with_capacity(claims.len());
    for (claim, looked) in claims.iter().zip(&looked) {
        let mut one = Found::default();
        let mut weak: HashMap<i64, usize> = HashMap::new();
        let mine = seconds(keys, &claim.profile);
        for (kind, key) in looked.iter().collect::<BTreeSet<_>>() {
            let met: Vec<i64> = match sizes.get(key).copied().unwrap_or(0) {
                0 => continue,
                1..=BLOCK => small.get(key).into_iter().flatten().map(|sharing| sharing.teacher_id).collect(),
                size if size <= MAX => narrowed(large.get(key).map_or(&[], Vec::as_slice), &mine),
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

/// How many teachers share each key, counted to a little above [`MAX`].
async fn sizes(tx: &mut Tx, wanted: &BTreeSet<i64>) -> Result<HashMap<i64, i64>, StoreError> {
    let sql = format!(
        "SELECT incoming.match_key AS match_key, (SELECT count(*) FROM
           (SELECT 1 FROM teacher_match_key k WHERE k.match_key = incoming.match_key LIMIT {}) AS few) AS size
         FROM {{rows}}",
        MAX + 1
    );
    let rows = tx.rows_with(&sql, vec![], Rows::new().int("match_key", wanted.iter().copied().map(Some))).await?;
    rows.iter().map(|row| Ok((row.int("match_key")?, row.int("size")?))).collect()
}

/// A teacher who has a key.
struct Sharing {
    teacher_id: i64,
    /// The teacher's second keys, packed; empty where they are not asked for.
    seconds: Vec<u8>,
}

/// Key → the teachers who have it.
type Blocks = HashMap<i64, Vec<Sharing>>;

async fn blocks(tx: &mut Tx, wanted: &[i64], with_seconds: bool) -> Result<Blocks, StoreError> {
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
    let rows = tx.rows_with(&sql, vec![], Rows::new().int("match_key", wanted.iter().copied().map(Some))).await?;
    for row in &rows {
        let seconds = if with_seconds { row.bytes("seconds")? } else { vec![] };
        blocks.entry(row.int("match_key")?).or_default().push(Sharing { teacher_id: row.int("teacher_id")?, seconds });
    }
    Ok(blocks)
}

/// Of many who share a key, those who share one of the three rarest second keys.
fn narrowed(all: &[Sharing], mine: &[i64]) -> Vec<i64> {
    let mut by_second: BTreeMap<i64, Vec<i64>> = mine.iter().map(|second| (*second, vec![])).collect();
    for Sharing { teacher_id, seconds } in all {
        for second in unpack(seconds) {
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

/// How many teachers have each value of these people.
async fn frequencies<'p>(
    tx: &mut Tx,
    keys: &Keys,
    people: impl Iterator<Item = &'p Profile>,
) -> Result<Frequencies, StoreError> {
    let mut values = HashSet::new();
    for person in people {
        counted(person, &mut |slot, value| {
            values.insert((slot, value.to_owned()));
        });
    }
    let values: Vec<_> = values.into_iter().collect();
    let digests = values.iter().map(|(slot, value)| Some(digest(keys, "count", slot.as_str(), value)));
    let ordinals = (0i64..).take(values.len() + 1).map(Some);
    let rows = Rows::new().int("ord", ordinals).int("value", digests.chain([Some(ALL)]));
    let counts = tx
        .rows_with(
            "SELECT incoming.ord AS ord, m.teachers AS teachers FROM {rows} {join match_count m ON m.value = incoming.value}",
            vec![],
            rows,
        )
        .await?;
    let of =
        |row: &Row| Ok::<_, StoreError>((usize::try_from(row.int("ord")?).unwrap_or(usize::MAX), row.int("teachers")?));
    let counts: Vec<(usize, i64)> = counts.iter().map(of).collect::<Result<_, _>>()?;
    let all = counts.iter().find(|(ord, _)| *ord == values.len()).map_or(0, |(_, n)| *n);
    let mut among = Frequencies::of(u64::try_from(all).unwrap_or(0));
    for (ord, teachers) in counts {
        if let Some((slot, value)) = values.get(ord) {
            among.know(*slot, value, u32::try_from(teachers.max(1)).unwrap_or(u32::MAX));
        }
    }
    Ok(among)
}

/// Claim and teacher of which somebody has said that they are two.
async fn rejected(tx: &mut Tx, ids: &[i64]) -> Result<HashSet<Rejection>, StoreError> {
    let rows = tx
        .rows_with(
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

/// Writes what was decided; whose hours it changes is marked.
async fn write(
    tx: &mut Tx,
    keys: &Keys,
    decided: &[Decided<'_>],
    teachers: &[i64],
    rejected: &HashSet<Rejection>,
) -> Result<(), StoreError> {
    // Somebody with a valid number whom the roster does not know is a provisional teacher.
    let unknown = decided.iter().filter(|of| of.decision.verdict == Verdict::None);
    let unknown = unknown.filter_map(|of| of.claim.index.as_ref());
    let numbers: BTreeMap<Index, &str> = unknown.map(|(index, number)| (*index, number.as_str())).collect();
    // Loads are waited for before anything is made that one of them may be making, too.
    claims::change(tx).await?;
    let provisional = identifiers::find_or_make(tx, keys, &numbers).await?;
    let teacher = |claim: &Claim, decision: &Decision| match decision.verdict {
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
    let merged = merged_numbers(tx).await?;
    let by = |claim: &Claim, decision: &Decision, owner: &Option<i64>| match (owner, &decision.rule, &claim.index) {
        (None, ..) | (_, None, None) => String::new(),
        (Some(_), Some(rule), _) => rule.clone(),
        (Some(_), None, Some((index, _))) => by_number(&merged, index),
    };
    let rules: Vec<String> = decided.iter().zip(&owners).map(|(of, owner)| by(of.claim, &of.decision, owner)).collect();
    let rows = Rows::new()
        .int("id", decided.iter().map(|of| Some(of.claim.id)))
        .int("teacher_id", owners.iter().copied())
        .text("state", decided.iter().zip(&owners).map(|(of, owner)| Some(state(owner, &of.decision))))
        .text("decided_by", rules.iter().map(|rule| Some(rule.as_str())))
        .text("doubt", decided.iter().map(|of| of.decision.doubt.map(|doubt| doubt.as_str())));
    tx.run_with(
        "UPDATE claim SET teacher_id = incoming.teacher_id, state = incoming.state, decided_by = incoming.decided_by,
           doubt = incoming.doubt FROM {rows} WHERE claim.id = incoming.id",
        vec![],
        rows,
    )
    .await?;
    write_candidates(tx, decided, teachers).await?;
    let moved = decided.iter().zip(&owners).filter(|(of, owner)| of.claim.teacher != **owner);
    marks::add(tx, moved.flat_map(|(of, owner)| of.claim.teacher.into_iter().chain(*owner))).await
}

async fn write_candidates(tx: &mut Tx, decided: &[Decided<'_>], teachers: &[i64]) -> Result<(), StoreError> {
    let ids = Rows::new().int("id", decided.iter().map(|of| Some(of.claim.id)));
    tx.run_with("DELETE FROM candidate WHERE claim_id IN (SELECT id FROM {rows})", vec![], ids).await?;
    let told = decided.iter().flat_map(|Decided { claim, decision }| {
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
    tx.copy("candidate", rows).await
}
