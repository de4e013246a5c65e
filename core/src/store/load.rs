//! One classified batch into the provincial tables, in one transaction, fenced by the claim's epoch.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use super::books::Held;
use super::db::{Db, StoreFault, Tx};
use super::rows::{Rows, Value};
use super::{letters, marks, people};
use crate::keys::Keys;
use crate::stages::{Parked, TrainingRecord};

/// The outcomes of a batch's raw records; their sum is the batch's record count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// New keys.
    pub inserted: i64,
    /// Newer than what was held.
    pub updated: i64,
    /// Same version and content.
    pub unchanged: i64,
    /// Older than what is held.
    pub superseded: i64,
    /// Dead letter open.
    pub parked: i64,
    /// Dead letter closed by a person.
    pub discarded: i64,
}

/// A batch after the stages, ready for the tables.
#[derive(Debug)]
pub struct Load<'a> {
    /// Clean records.
    pub clean: Vec<Box<TrainingRecord<'a>>>,
    /// Dead letters to be.
    pub parked: Vec<Parked<'a>>,
    /// The stream's hour unit.
    pub hours_unit: &'a str,
    /// Manifest version.
    pub manifest_version: i64,
    /// Activation.
    pub activation: i64,
}

/// How a commit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// Committed, with these outcomes.
    Done(Outcomes),
    /// Another claim has a higher epoch: nothing was written.
    Fenced,
}

/// The newest version of a key within one batch, and how often it came.
struct Winner<'l> {
    record: &'l TrainingRecord<'l>,
    copies: i64,
}

/// The winners that the tables do not hold yet.
#[derive(Default)]
struct Fresh<'l> {
    new: Vec<&'l TrainingRecord<'l>>,
    newer: Vec<Newer<'l>>,
    /// Unchanged raw records that another batch's row stands for.
    elsewhere: i64,
}

/// A winner over a row that is held.
struct Newer<'l> {
    id: i64,
    record: &'l TrainingRecord<'l>,
    copies: i64,
}

/// Classifies and commits.
///
/// # Errors
/// [`StoreFault`]; nothing was written unless the fault came from the commit itself, whose outcome the next claim reads.
pub async fn commit(
    db: &Db,
    keys: &Keys,
    known: &Mutex<people::Known>,
    held: &Held,
    load: &Load<'_>,
) -> Result<Commit, StoreFault> {
    let mut outcomes = Outcomes::default();
    let winners = newest_of_each_key(&load.clean, &mut outcomes);
    let mut tx = db.begin().await?;
    let mut fresh = classify(&mut tx, held, load, &winners, &mut outcomes).await?;
    lock_newer(&mut tx, load, &mut fresh, &mut outcomes).await?;
    let records: Vec<&TrainingRecord> = fresh.new.iter().copied().chain(fresh.newer.iter().map(|n| n.record)).collect();
    let claims = people::identify(&mut tx, keys, known, &records).await?;
    let (of_new, of_newer) = claims.split_at(fresh.new.len());
    let mut ids = tx.next_ids("training_record", fresh.new.len()).await?;
    insert(&mut tx, held, load, &ids, of_new, &fresh.new).await?;
    update(&mut tx, held, load, of_newer, &fresh.newer).await?;
    ids.extend(fresh.newer.iter().map(|n| n.id));
    assess(&mut tx, &ids, &claims, &records, !fresh.newer.is_empty()).await?;
    marks::add(&mut tx, claims.iter().filter_map(|c| c.teacher)).await?;
    letters::park(&mut tx, keys, held, load, &mut outcomes).await?;
    let done = Done {
        manifest_version: load.manifest_version,
        activation: load.activation,
        outcomes,
        held: i64::try_from(records.len()).unwrap_or(0),
        elsewhere: fresh.elsewhere,
    };
    finish(tx, held, &done).await
}

/// Within one batch only the newest version of a key goes on; sorted by key, so that two batches lock rows in one order.
fn newest_of_each_key<'l>(clean: &'l [Box<TrainingRecord<'l>>], outcomes: &mut Outcomes) -> Vec<Winner<'l>> {
    let order = |r: &TrainingRecord| (r.source_version, r.content_digest);
    let mut newest: HashMap<[u8; 16], Winner> = HashMap::with_capacity(clean.len());
    for record in clean {
        let winner = newest.entry(record.record_key).or_insert(Winner { record, copies: 0 });
        match order(record).cmp(&order(winner.record)) {
            std::cmp::Ordering::Greater => {
                outcomes.superseded += winner.copies;
                *winner = Winner { record, copies: 1 };
            }
            std::cmp::Ordering::Equal => winner.copies += 1,
            std::cmp::Ordering::Less => outcomes.superseded += 1,
        }
    }
    let mut winners: Vec<Winner> = newest.into_values().collect();
    winners.sort_unstable_by_key(|w| w.record.record_key);
    winners
}

/// Asks the tables which of the winners are new or newer; only those go on.
async fn classify<'l>(
    tx: &mut Tx,
    held: &Held,
    load: &Load<'_>,
    winners: &[Winner<'l>],
    outcomes: &mut Outcomes,
) -> Result<Fresh<'l>, StoreFault> {
    let rows = Rows::new()
        .int("ord", (0i64..).take(winners.len()).map(Some))
        .bytes("record_key", winners.iter().map(|w| w.record.record_key.as_slice()))
        .int("source_version", winners.iter().map(|w| Some(w.record.source_version)))
        .bytes("content_digest", winners.iter().map(|w| w.record.content_digest.as_slice()));
    // One row for all that are the same, so that neither a first load nor a resend brings a row per record.
    let met = tx
        .rows_with(
            "WITH met AS (
               SELECT incoming.ord AS ord, t.id AS id,
                      CASE WHEN incoming.source_version = t.source_version AND incoming.content_digest = t.content_digest
                            AND t.activation >= $3 THEN 1 ELSE 0 END AS same,
                      CASE WHEN (incoming.source_version, $3, incoming.content_digest)
                              > (t.source_version, t.activation, t.content_digest) THEN 1 ELSE 0 END AS newer
               FROM {rows} {join training_record t
                 ON t.source_id = $1 AND t.stream = $2 AND t.record_key = incoming.record_key})
             SELECT CAST(ord AS text) AS ords, id, newer FROM met WHERE same = 0
             UNION ALL SELECT string_agg(CAST(ord AS text), ',') AS ords, 0 AS id, 0 AS newer FROM met WHERE same = 1",
            vec![held.source_id.into(), held.stream.as_str().into(), load.activation.into()],
            rows,
        )
        .await?;
    let mut fresh = Fresh::default();
    let mut is_new = vec![true; winners.len()];
    for row in &met {
        let (id, newer) = (row.int("id")?, row.int("newer")? == 1);
        for ord in row.opt_text("ords")?.unwrap_or_default().split(',') {
            let Some((Winner { record, copies }, is_new)) =
                ord.parse().ok().and_then(|i: usize| winners.get(i).zip(is_new.get_mut(i)))
            else {
                continue;
            };
            *is_new = false;
            if newer {
                fresh.newer.push(Newer { id, record, copies: *copies });
            } else if id == 0 {
                outcomes.unchanged += copies;
                fresh.elsewhere += copies;
            } else {
                outcomes.superseded += copies;
            }
        }
    }
    for (Winner { record, copies }, _) in winners.iter().zip(is_new).filter(|(_, is_new)| *is_new) {
        fresh.new.push(record);
        outcomes.inserted += 1;
        outcomes.unchanged += copies - 1;
        fresh.elsewhere += copies - 1;
    }
    Ok(fresh)
}

/// Locks the rows to be overwritten and looks at them once more: another load may have been faster. The same version
/// and content under a later activation only moves in the order, and counts as unchanged. The batches that the rows came
/// from hold so many less.
async fn lock_newer(
    tx: &mut Tx,
    load: &Load<'_>,
    fresh: &mut Fresh<'_>,
    outcomes: &mut Outcomes,
) -> Result<(), StoreFault> {
    if fresh.newer.is_empty() {
        return Ok(());
    }
    fresh.newer.sort_unstable_by_key(|n| n.id);
    let locked = tx
        .rows_with(
            "SELECT t.id AS id, t.source_version AS source_version, t.activation AS activation,
                    t.content_digest AS content_digest, t.batch_id AS batch_id
             FROM training_record t WHERE t.id IN (SELECT id FROM {rows}) ORDER BY t.id {lock}",
            vec![],
            Rows::new().int("id", fresh.newer.iter().map(|n| Some(n.id))),
        )
        .await?;
    let mut rows = HashMap::with_capacity(locked.len());
    for row in &locked {
        let order = (row.int("source_version")?, row.int("activation")?, row.bytes("content_digest")?);
        rows.insert(row.int("id")?, (order, row.int("batch_id")?));
    }
    let mut fewer: BTreeMap<i64, i64> = BTreeMap::new();
    fresh.newer.retain(|Newer { id, record, copies }| {
        let Some((order, batch)) = rows.get(id) else { return false };
        let incoming = (record.source_version, load.activation, record.content_digest.to_vec());
        let same = order.0 == incoming.0 && order.2 == incoming.2;
        let wins = incoming > *order;
        match (wins, same) {
            (_, true) => outcomes.unchanged += copies,
            (true, false) => {
                outcomes.updated += 1;
                outcomes.unchanged += copies - 1;
            }
            (false, false) => outcomes.superseded += copies,
        }
        match (wins, same) {
            (true, _) => fresh.elsewhere += copies - 1,
            (false, true) => fresh.elsewhere += copies,
            (false, false) => {}
        }
        if wins {
            *fewer.entry(*batch).or_default() += 1;
        }
        wins
    });
    let rows =
        Rows::new().int("batch_id", fewer.keys().copied().map(Some)).int("records", fewer.values().copied().map(Some));
    tx.copy("batch_loss", rows).await
}

async fn insert(
    tx: &mut Tx,
    held: &Held,
    load: &Load<'_>,
    ids: &[i64],
    claims: &[people::Claim],
    new: &[&TrainingRecord<'_>],
) -> Result<(), StoreFault> {
    let (n, always) = (new.len(), |v: i64| std::iter::repeat_n(Some(v), new.len()));
    let rows = Rows::new()
        .int("id", ids.iter().copied().map(Some))
        .int("institution_id", always(held.institution_id))
        .int("source_id", always(held.source_id))
        .text("stream", std::iter::repeat_n(Some(held.stream.as_str()), n))
        .bytes("record_key", new.iter().map(|r| r.record_key.as_slice()));
    tx.copy("training_record", content(rows, held, load, claims, new)).await
}

async fn update(
    tx: &mut Tx,
    held: &Held,
    load: &Load<'_>,
    claims: &[people::Claim],
    newer: &[Newer<'_>],
) -> Result<(), StoreFault> {
    if newer.is_empty() {
        return Ok(());
    }
    let records: Vec<&TrainingRecord> = newer.iter().map(|n| n.record).collect();
    let rows = content(Rows::new().int("id", newer.iter().map(|n| Some(n.id))), held, load, claims, &records);
    let set: Vec<String> = rows.names().skip(1).map(|name| format!("{name} = incoming.{name}")).collect();
    // Two contents under one version and one activation: the higher digest won, and somebody should look.
    let sql = format!(
        "UPDATE training_record SET flagged = CASE WHEN training_record.source_version = incoming.source_version
           AND training_record.activation = incoming.activation THEN 1 ELSE flagged END, {}
         FROM {{rows}} WHERE training_record.id = incoming.id",
        set.join(", ")
    );
    tx.run_with(&sql, vec![], rows).await?;
    Ok(())
}

/// Every column that a newer version overwrites.
fn content<'l>(
    rows: Rows<'l>,
    held: &'l Held,
    load: &'l Load<'_>,
    claims: &[people::Claim],
    records: &[&'l TrainingRecord<'_>],
) -> Rows<'l> {
    let all = || records.iter().copied();
    let always = |v: i64| std::iter::repeat_n(Some(v), records.len());
    let text = |of: fn(&'l crate::stages::Draft<'_>) -> Option<&'l str>| {
        records.iter().map(move |r| of(&r.texts).map(str::trim)).collect::<Vec<_>>()
    };
    rows.text("kind", all().map(|r| Some(r.kind.as_str())))
        .int("claim_id", claims.iter().map(|c| Some(c.id)))
        .int("source_version", all().map(|r| Some(r.source_version)))
        .int("activation", always(load.activation))
        .bytes("content_digest", all().map(|r| r.content_digest.as_slice()))
        .text("school_code", text(|d| d.school_code.as_deref()))
        .text("project_code", text(|d| d.project_code.as_deref()))
        .text("project_title", text(|d| d.project_title.as_deref()))
        .text("category_code", text(|d| d.category_code.as_deref()))
        .text("course_code", text(|d| d.course_code.as_deref()))
        .text("course_title", text(|d| d.course_title.as_deref()))
        .text("canonical_course", all().map(|r| r.canonical_course))
        .text("role", text(|d| d.role.as_deref()))
        .text("mode", text(|d| d.mode.as_deref()))
        .text("delivery_code", text(|d| d.delivery_code.as_deref()))
        .text("required", all().map(|r| r.required))
        .text("place", text(|d| d.place.as_deref()))
        .text("period_start", all().map(|r| r.period_start.as_deref()))
        .text("period_end", all().map(|r| Some(r.period_end.as_str())))
        .text("raw_hours", text(|d| d.hours.as_deref()))
        .text("hours_unit", std::iter::repeat_n(Some(load.hours_unit), records.len()))
        .int("hours_units", all().map(|r| Some(r.hours.units())))
        .text("certificate_number", text(|d| d.certificate_number.as_deref()))
        .text("pass_state", all().map(|r| Some(r.pass_state.as_str())))
        .int("manifest_version", always(load.manifest_version))
        .int("batch_id", always(held.id))
        .text("address", all().map(|r| Some(r.address.as_str())))
}

/// The assessments of the fresh records; a newer record's assessment takes the older one's place.
async fn assess(
    tx: &mut Tx,
    ids: &[i64],
    claims: &[people::Claim],
    records: &[&TrainingRecord<'_>],
    replaces: bool,
) -> Result<(), StoreFault> {
    let scored: Vec<_> = ids
        .iter()
        .zip(claims)
        .zip(records)
        .filter_map(|((id, claim), r)| r.assessment.as_ref().map(|a| (*id, claim.id, *r, a)))
        .collect();
    if replaces && !scored.is_empty() {
        tx.run_with(
            "DELETE FROM assessment WHERE record_id IN (SELECT record_id FROM {rows})",
            vec![],
            Rows::new().int("record_id", ids.iter().copied().map(Some)),
        )
        .await?;
    }
    let score = |of: fn(&crate::stages::record::Assessment) -> i64| {
        scored.iter().map(move |(.., a)| Some(of(a))).collect::<Vec<_>>()
    };
    let rows = Rows::new()
        .int("record_id", scored.iter().map(|s| Some(s.0)))
        .text("assessor", scored.iter().map(|_| Some("institution")))
        .int("claim_id", scored.iter().map(|s| Some(s.1)))
        .text("project_code", scored.iter().map(|s| s.2.texts.project_code.as_deref()))
        .int("score_learning", score(|a| a.learning.hundredths().into()))
        .int("score_activity", score(|a| a.activity.hundredths().into()))
        .int("score_artefact", score(|a| a.artefact.hundredths().into()))
        .int("total_numerator", score(|a| a.total_numerator))
        .int("total_denominator", score(|a| a.total_denominator))
        .text("grade", scored.iter().map(|s| Some(s.3.grade.as_str())));
    tx.copy("assessment", rows).await
}

/// What is written of a batch when it is done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    pub manifest_version: i64,
    pub activation: i64,
    pub outcomes: Outcomes,
    pub held: i64,
    pub elsewhere: i64,
}

/// The fence: the batch is done, and all of the transaction with it, only if the claim's epoch is still the current one.
pub(super) async fn finish(mut tx: Tx, held: &Held, done: &Done) -> Result<Commit, StoreFault> {
    let fence = if crate::faults::skip_epoch() { "$2 = $2" } else { "epoch = $2 AND state = 'claimed'" };
    let sql = format!(
        "UPDATE batch SET state = 'done', holder = NULL, lease_until = NULL, last_error = NULL, inserted = $3, updated = $4,
           unchanged = $5, superseded = $6, parked = $7, discarded = $8, manifest_version = $9, activation = $10,
           held = $11, elsewhere = $12
         WHERE id = $1 AND {fence}"
    );
    let o = &done.outcomes;
    let args: Vec<Value> = [
        held.id,
        held.epoch,
        o.inserted,
        o.updated,
        o.unchanged,
        o.superseded,
        o.parked,
        o.discarded,
        done.manifest_version,
        done.activation,
        done.held,
        done.elsewhere,
    ]
    .into_iter()
    .map(Value::from)
    .collect();
    if tx.run(&sql, args).await? != 1 {
        return Ok(Commit::Fenced);
    }
    tx.commit().await?;
    Ok(Commit::Done(done.outcomes))
}
