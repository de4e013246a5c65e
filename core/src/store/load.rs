//! One classified batch into the provincial tables, in one transaction, fenced by the claim's epoch.

use std::collections::HashMap;

use super::books::Held;
use super::db::{Db, Rows, StoreFault, Tx, Value};
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
pub struct Load {
    /// Clean records.
    pub clean: Vec<TrainingRecord>,
    /// Dead letters to be.
    pub parked: Vec<Parked>,
    /// The stream's hour unit.
    pub hours_unit: String,
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

type Order = (i64, i64, [u8; 16]);

/// Classifies and commits.
///
/// # Errors
/// [`StoreFault`]; nothing was written unless the fault came from the commit itself, whose outcome the next claim reads.
pub async fn commit(db: &Db, keys: &Keys, held: &Held, load: &Load) -> Result<Commit, StoreFault> {
    let mut outcomes = Outcomes::default();
    let winners = newest_of_each_key(load, &mut outcomes);
    let mut tx = db.begin().await?;
    let fresh = classify(&mut tx, held, load, &winners, &mut outcomes).await?;
    if !fresh.is_empty() {
        identify(&mut tx, keys, held, &fresh).await?;
        merge(&mut tx, held, load, &fresh, &mut outcomes).await?;
        assess(&mut tx, held, &fresh).await?;
        mark(&mut tx, held, &fresh).await?;
    }
    park(&mut tx, keys, held, load, &mut outcomes).await?;
    close_letters(&mut tx, held, &winners).await?;
    if !finish(&mut tx, held, load, &outcomes).await? {
        return Ok(Commit::Fenced);
    }
    tx.commit().await?;
    Ok(Commit::Done(outcomes))
}

fn order(load: &Load, r: &TrainingRecord) -> Order {
    (r.source_version, load.activation, r.content_digest)
}

/// Within one batch only the newest version of a key goes on; sorted by key, so that two batches lock rows in one order.
fn newest_of_each_key<'a>(load: &'a Load, outcomes: &mut Outcomes) -> Vec<&'a TrainingRecord> {
    let mut newest: HashMap<[u8; 16], &TrainingRecord> = HashMap::with_capacity(load.clean.len());
    for record in &load.clean {
        match newest.get(&record.record_key) {
            None => {
                newest.insert(record.record_key, record);
            }
            Some(held) => match order(load, record).cmp(&order(load, held)) {
                std::cmp::Ordering::Greater => {
                    newest.insert(record.record_key, record);
                    outcomes.superseded += 1;
                }
                std::cmp::Ordering::Equal => outcomes.unchanged += 1,
                std::cmp::Ordering::Less => outcomes.superseded += 1,
            },
        }
    }
    let mut winners: Vec<&TrainingRecord> = newest.into_values().collect();
    winners.sort_by_key(|r| r.record_key);
    winners
}

/// Asks the tables which of the winners are new or newer; only those go on.
async fn classify<'a>(
    tx: &mut Tx,
    held: &Held,
    load: &Load,
    winners: &[&'a TrainingRecord],
    outcomes: &mut Outcomes,
) -> Result<Vec<&'a TrainingRecord>, StoreFault> {
    let rows = Rows::new()
        .int("ord", (0i64..).take(winners.len()).map(Some))
        .bytes("record_key", winners.iter().map(|r| Some(r.record_key.to_vec())))
        .int("source_version", winners.iter().map(|r| Some(r.source_version)))
        .bytes("content_digest", winners.iter().map(|r| Some(r.content_digest.to_vec())));
    let differing = tx
        .rows_with(
            "SELECT incoming.ord AS ord,
                    CASE WHEN t.id IS NULL OR (incoming.source_version, $3, incoming.content_digest) > (t.source_version, t.activation, t.content_digest)
                         THEN 1 ELSE 0 END AS fresh
             FROM {rows} LEFT JOIN training_record t
               ON t.source_id = $1 AND t.stream = $2 AND t.record_key = incoming.record_key
             WHERE t.id IS NULL OR t.source_version <> incoming.source_version OR t.content_digest <> incoming.content_digest",
            vec![held.source_id.into(), held.stream.as_str().into(), load.activation.into()],
            rows,
        )
        .await?;
    let mut fresh = Vec::with_capacity(differing.len());
    for row in &differing {
        let record = usize::try_from(row.int("ord")?).ok().and_then(|i| winners.get(i));
        match record {
            Some(record) if row.int("fresh")? == 1 => fresh.push(*record),
            _ => outcomes.superseded += 1,
        }
    }
    outcomes.unchanged += i64::try_from(winners.len() - differing.len()).unwrap_or(0);
    fresh.sort_by_key(|r| r.record_key);
    Ok(fresh)
}

/// Claims and provisional teachers of the fresh records, made where missing. Sealing happens only for what is missing.
async fn identify(tx: &mut Tx, keys: &Keys, held: &Held, fresh: &[&TrainingRecord]) -> Result<(), StoreFault> {
    let mut claims: Vec<&TrainingRecord> = fresh.to_vec();
    claims.sort_by_key(|r| r.claim_key);
    claims.dedup_by_key(|r| r.claim_key);
    let asked = Rows::new()
        .int("ord", (0i64..).take(claims.len()).map(Some))
        .bytes("claim_key", claims.iter().map(|r| Some(r.claim_key.to_vec())));
    let missing = tx
        .rows_with(
            "SELECT incoming.ord AS ord FROM {rows} LEFT JOIN claim c ON c.claim_key = incoming.claim_key WHERE c.id IS NULL",
            vec![],
            asked,
        )
        .await?;
    let mut unseen = Vec::with_capacity(missing.len());
    for row in &missing {
        if let Some(record) = usize::try_from(row.int("ord")?).ok().and_then(|i| claims.get(i)) {
            unseen.push((keys.blind_index("id_number", record.id_number.reveal()).to_vec(), *record));
        }
    }
    if unseen.is_empty() {
        return Ok(());
    }
    unseen.sort_by(|a, b| (&a.0, a.1.claim_key).cmp(&(&b.0, b.1.claim_key)));
    let mut people = unseen.clone();
    people.dedup_by(|a, b| a.0 == b.0);
    tx.run_with(
        "INSERT INTO teacher (origin, founding_index, created_at)
         SELECT 'provisional', blind_index, {now} FROM {rows}
         WHERE NOT EXISTS (SELECT 1 FROM teacher_identifier i WHERE i.kind = 'id_number' AND i.blind_index = incoming.blind_index)
         ON CONFLICT (founding_index) DO NOTHING",
        vec![],
        Rows::new().bytes("blind_index", people.iter().map(|(i, _)| Some(i.clone()))),
    )
    .await?;
    let sealed: Vec<Vec<u8>> = people
        .iter()
        .map(|(index, r)| keys.seal(&[b"teacher_identifier", b"sealed", index], r.id_number.reveal().as_bytes()))
        .collect::<Result<_, _>>()?;
    tx.run_with(
        "INSERT INTO teacher_identifier (teacher_id, kind, blind_index, sealed, valid_from)
         SELECT t.id, 'id_number', incoming.blind_index, incoming.sealed, {now} FROM {rows}
         JOIN teacher t ON t.founding_index = incoming.blind_index
         WHERE true ON CONFLICT (kind, blind_index) DO NOTHING",
        vec![],
        Rows::new()
            .bytes("blind_index", people.iter().map(|(i, _)| Some(i.clone())))
            .bytes("sealed", sealed.into_iter().map(Some)),
    )
    .await?;
    tx.run_with(
        "INSERT INTO claim (institution_id, claim_key, name, name_folded, school_code, blind_index, teacher_id, decided_by)
         SELECT $1, incoming.claim_key, incoming.name, incoming.name_folded, incoming.school_code, incoming.blind_index,
                i.teacher_id, 'id_number'
         FROM {rows} JOIN teacher_identifier i ON i.kind = 'id_number' AND i.blind_index = incoming.blind_index
         WHERE true ON CONFLICT (claim_key) DO NOTHING",
        vec![held.institution_id.into()],
        Rows::new()
            .bytes("claim_key", unseen.iter().map(|(_, r)| Some(r.claim_key.to_vec())))
            .text("name", unseen.iter().map(|(_, r)| Some(r.name.display().to_owned())))
            .text("name_folded", unseen.iter().map(|(_, r)| Some(r.name.folded())))
            .text("school_code", unseen.iter().map(|(_, r)| r.texts.school_code.clone()))
            .bytes("blind_index", unseen.iter().map(|(i, _)| Some(i.clone()))),
    )
    .await?;
    Ok(())
}

const MERGE: &str = "
INSERT INTO training_record (institution_id, source_id, stream, record_key, kind, claim_id, source_version, activation,
  content_digest, project_code, project_title, course_code, course_title, canonical_course, role, mode, delivery_code, place,
  period_start, period_end, raw_hours, hours_unit, hours_units, certificate_number, pass_state, score_learning,
  score_activity, score_artefact, grade, manifest_version, batch_id, address)
SELECT $1, $2, $3, incoming.record_key, $4, c.id, incoming.source_version, $5, incoming.content_digest,
  incoming.project_code, incoming.project_title, incoming.course_code, incoming.course_title, incoming.canonical_course,
  incoming.role, incoming.mode, incoming.delivery_code, incoming.place, incoming.period_start, incoming.period_end,
  incoming.raw_hours, $6, incoming.hours_units, incoming.certificate_number, incoming.pass_state,
  incoming.score_learning, incoming.score_activity, incoming.score_artefact, incoming.grade, $7, $8, incoming.address
FROM {rows} JOIN claim c ON c.claim_key = incoming.claim_key
WHERE true
ON CONFLICT (source_id, stream, record_key) DO UPDATE SET
  flagged = CASE WHEN excluded.source_version = training_record.source_version AND excluded.activation = training_record.activation
                 THEN 1 ELSE training_record.flagged END,
  kind = excluded.kind, claim_id = excluded.claim_id, source_version = excluded.source_version,
  activation = excluded.activation, content_digest = excluded.content_digest, project_code = excluded.project_code,
  project_title = excluded.project_title, course_code = excluded.course_code, course_title = excluded.course_title,
  canonical_course = excluded.canonical_course, role = excluded.role, mode = excluded.mode,
  delivery_code = excluded.delivery_code, place = excluded.place, period_start = excluded.period_start,
  period_end = excluded.period_end, raw_hours = excluded.raw_hours, hours_unit = excluded.hours_unit,
  hours_units = excluded.hours_units, certificate_number = excluded.certificate_number, pass_state = excluded.pass_state,
  score_learning = excluded.score_learning, score_activity = excluded.score_activity,
  score_artefact = excluded.score_artefact, grade = excluded.grade, manifest_version = excluded.manifest_version,
  batch_id = excluded.batch_id, address = excluded.address
WHERE (excluded.source_version, excluded.activation, excluded.content_digest)
    > (training_record.source_version, training_record.activation, training_record.content_digest)";

async fn merge(
    tx: &mut Tx,
    held: &Held,
    load: &Load,
    fresh: &[&TrainingRecord],
    outcomes: &mut Outcomes,
) -> Result<(), StoreFault> {
    let Some(first) = fresh.first() else { return Ok(()) };
    let before = tx.rows("SELECT coalesce(max(id), 0) AS top FROM training_record", vec![]).await?;
    let top = before.first().map_or(Ok(0), |r| r.int("top"))?;
    let sql = format!("{MERGE} RETURNING {} AS is_new", if tx.is_pg() { "(xmax = 0)" } else { "id > $9" });
    let mut args: Vec<Value> = vec![
        held.institution_id.into(),
        held.source_id.into(),
        held.stream.as_str().into(),
        first.kind.as_str().into(),
        load.activation.into(),
        load.hours_unit.as_str().into(),
        load.manifest_version.into(),
        held.id.into(),
    ];
    if !tx.is_pg() {
        args.push(top.into());
    }
    let touched = tx.rows_with(&sql, args, record_rows(fresh)).await?;
    let mut new = 0i64;
    for row in &touched {
        new += row.int("is_new")?;
    }
    let touched = i64::try_from(touched.len()).unwrap_or(0);
    outcomes.inserted += new;
    outcomes.updated += touched - new;
    outcomes.superseded += i64::try_from(fresh.len()).unwrap_or(0) - touched;
    Ok(())
}

fn record_rows(fresh: &[&TrainingRecord]) -> Rows {
    let score = |f: fn(&crate::stages::record::Assessment) -> u16| {
        fresh.iter().map(move |r| r.assessment.as_ref().map(|a| i64::from(f(a)))).collect::<Vec<_>>()
    };
    let text = |f: fn(&crate::stages::Draft) -> &Option<String>| {
        fresh.iter().map(move |r| f(&r.texts).as_deref().map(|s| s.trim().to_owned())).collect::<Vec<_>>()
    };
    Rows::new()
        .bytes("record_key", fresh.iter().map(|r| Some(r.record_key.to_vec())))
        .bytes("claim_key", fresh.iter().map(|r| Some(r.claim_key.to_vec())))
        .int("source_version", fresh.iter().map(|r| Some(r.source_version)))
        .bytes("content_digest", fresh.iter().map(|r| Some(r.content_digest.to_vec())))
        .text("project_code", text(|d| &d.project_code))
        .text("project_title", text(|d| &d.project_title))
        .text("course_code", text(|d| &d.course_code))
        .text("course_title", text(|d| &d.course_title))
        .text("canonical_course", fresh.iter().map(|r| r.canonical_course.clone()))
        .text("role", text(|d| &d.role))
        .text("mode", text(|d| &d.mode))
        .text("delivery_code", text(|d| &d.delivery_code))
        .text("place", text(|d| &d.place))
        .text("period_start", fresh.iter().map(|r| r.period_start.map(|d| d.to_string())))
        .text("period_end", fresh.iter().map(|r| Some(r.period_end.to_string())))
        .text("raw_hours", fresh.iter().map(|r| Some(r.texts.hours.clone().unwrap_or_default())))
        .int("hours_units", fresh.iter().map(|r| Some(r.hours.units())))
        .text("certificate_number", text(|d| &d.certificate_number))
        .text("pass_state", fresh.iter().map(|r| Some(r.pass_state.as_str().to_owned())))
        .int("score_learning", score(|a| a.learning.hundredths()))
        .int("score_activity", score(|a| a.activity.hundredths()))
        .int("score_artefact", score(|a| a.artefact.hundredths()))
        .text("grade", fresh.iter().map(|r| r.assessment.as_ref().map(|a| a.grade.as_str().to_owned())))
        .text("address", fresh.iter().map(|r| Some(r.address.clone())))
}

/// Assessments of the fresh records, taken from the rows that won the merge.
async fn assess(tx: &mut Tx, held: &Held, fresh: &[&TrainingRecord]) -> Result<(), StoreFault> {
    let scored: Vec<_> = fresh.iter().filter_map(|r| r.assessment.as_ref().map(|a| (r, a))).collect();
    if scored.is_empty() {
        return Ok(());
    }
    tx.run_with(
        "INSERT INTO assessment (source_id, stream, record_key, assessor, claim_id, project_code, score_learning, score_activity,
                                 score_artefact, total_numerator, total_denominator, grade)
         SELECT t.source_id, t.stream, t.record_key, 'institution', t.claim_id, t.project_code, t.score_learning, t.score_activity,
                t.score_artefact, incoming.numerator, incoming.denominator, t.grade
         FROM {rows} JOIN training_record t ON t.source_id = $1 AND t.stream = $2 AND t.record_key = incoming.record_key
           AND t.content_digest = incoming.content_digest
         WHERE true
         ON CONFLICT (source_id, stream, record_key, assessor) DO UPDATE SET claim_id = excluded.claim_id,
           project_code = excluded.project_code, score_learning = excluded.score_learning,
           score_activity = excluded.score_activity, score_artefact = excluded.score_artefact,
           total_numerator = excluded.total_numerator, total_denominator = excluded.total_denominator, grade = excluded.grade",
        vec![held.source_id.into(), held.stream.as_str().into()],
        Rows::new()
            .bytes("record_key", scored.iter().map(|(r, _)| Some(r.record_key.to_vec())))
            .bytes("content_digest", scored.iter().map(|(r, _)| Some(r.content_digest.to_vec())))
            .int("numerator", scored.iter().map(|(_, a)| Some(a.total_numerator)))
            .int("denominator", scored.iter().map(|(_, a)| Some(a.total_denominator))),
    )
    .await?;
    Ok(())
}

/// Marks the teachers whose entries this load may change; marks are only ever added here.
async fn mark(tx: &mut Tx, held: &Held, fresh: &[&TrainingRecord]) -> Result<(), StoreFault> {
    let mut claims: Vec<[u8; 16]> = fresh.iter().map(|r| r.claim_key).collect();
    claims.sort_unstable();
    claims.dedup();
    tx.run_with(
        "INSERT INTO settle_mark (teacher_id, batch_id)
         SELECT DISTINCT c.teacher_id, $1 FROM {rows} JOIN claim c ON c.claim_key = incoming.claim_key
         WHERE c.teacher_id IS NOT NULL",
        vec![held.id.into()],
        Rows::new().bytes("claim_key", claims.into_iter().map(|k| Some(k.to_vec()))),
    )
    .await?;
    Ok(())
}

/// Dead letters: one per key, however often it is sent again; a letter closed by a person stays closed.
async fn park(tx: &mut Tx, keys: &Keys, held: &Held, load: &Load, outcomes: &mut Outcomes) -> Result<(), StoreFault> {
    let total = i64::try_from(load.parked.len()).unwrap_or(0);
    if total == 0 {
        return Ok(());
    }
    let mut letters: HashMap<[u8; 16], (&Parked, i64)> = HashMap::new();
    for parked in &load.parked {
        letters.entry(parked.letter_key).and_modify(|(_, n)| *n += 1).or_insert((parked, 1));
    }
    let mut letters: Vec<(&Parked, i64)> = letters.into_values().collect();
    letters.sort_by_key(|(p, _)| p.letter_key);
    let sealed: Vec<Vec<u8>> = letters
        .iter()
        .map(|(p, _)| keys.seal(&[b"dead_letter", b"raw_sealed", &p.letter_key], p.raw.as_bytes()))
        .collect::<Result<_, _>>()?;
    let rows = Rows::new()
        .bytes("letter_key", letters.iter().map(|(p, _)| Some(p.letter_key.to_vec())))
        .int("record_index", letters.iter().map(|(p, _)| Some(i64::from(p.index))))
        .text("address", letters.iter().map(|(p, _)| Some(p.address.clone())))
        .text("record_name", letters.iter().map(|(p, _)| p.record_name.clone()))
        .text("reasons", letters.iter().map(|(p, _)| Some(serde_json::to_string(&p.problems).unwrap_or_default())))
        .bytes("raw_sealed", sealed.into_iter().map(Some))
        .int("seen", letters.iter().map(|(_, n)| Some(*n)));
    let states = tx
        .rows_with(
            "INSERT INTO dead_letter (institution_id, source_id, stream, letter_key, state, batch_id, record_index, address, record_name,
               reasons, raw_sealed, manifest_version, activation, seen_count, first_seen_at, last_seen_at)
             SELECT $1, $2, $3, letter_key, 'open', $4, record_index, address, record_name, reasons, raw_sealed, $5, $6, seen, {now}, {now}
             FROM {rows} WHERE true
             ON CONFLICT (source_id, stream, letter_key) DO UPDATE SET
               state = CASE WHEN dead_letter.state = 'discarded' THEN 'discarded' ELSE 'open' END,
               batch_id = excluded.batch_id, record_index = excluded.record_index, address = excluded.address,
               record_name = excluded.record_name, reasons = excluded.reasons, raw_sealed = excluded.raw_sealed,
               manifest_version = excluded.manifest_version, activation = excluded.activation,
               seen_count = dead_letter.seen_count + excluded.seen_count, last_seen_at = excluded.last_seen_at
             RETURNING letter_key, state",
            vec![
                held.institution_id.into(), held.source_id.into(), held.stream.as_str().into(), held.id.into(),
                load.manifest_version.into(), load.activation.into(),
            ],
            rows,
        )
        .await?;
    let seen: HashMap<&[u8], i64> = letters.iter().map(|(p, n)| (p.letter_key.as_slice(), *n)).collect();
    for row in &states {
        if row.text("state")? == "discarded" {
            outcomes.discarded += seen.get(row.bytes("letter_key")?.as_slice()).copied().unwrap_or(0);
        }
    }
    outcomes.parked += total - outcomes.discarded;
    Ok(())
}

/// A good record under a letter's key closes the letter.
async fn close_letters(tx: &mut Tx, held: &Held, winners: &[&TrainingRecord]) -> Result<(), StoreFault> {
    let open = tx
        .rows(
            "SELECT 1 AS n FROM dead_letter WHERE source_id = $1 AND stream = $2 AND state = 'open' LIMIT 1",
            vec![held.source_id.into(), held.stream.as_str().into()],
        )
        .await?;
    if open.is_empty() || winners.is_empty() {
        return Ok(());
    }
    tx.run_with(
        "UPDATE dead_letter SET state = 'closed' WHERE source_id = $1 AND stream = $2 AND state = 'open'
           AND letter_key IN (SELECT letter_key FROM {rows}) AND batch_id <> $3",
        vec![held.source_id.into(), held.stream.as_str().into(), held.id.into()],
        Rows::new().bytes("letter_key", winners.iter().map(|r| Some(r.record_key.to_vec()))),
    )
    .await?;
    Ok(())
}

/// The fence: the batch is done only if the claim's epoch is still the current one.
async fn finish(tx: &mut Tx, held: &Held, load: &Load, o: &Outcomes) -> Result<bool, StoreFault> {
    let fence = if crate::faults::skip_epoch() { "$2 = $2" } else { "epoch = $2 AND state = 'claimed'" };
    let sql = format!(
        "UPDATE batch SET state = 'done', lease_until = NULL, last_error = NULL, inserted = $3, updated = $4, unchanged = $5,
           superseded = $6, parked = $7, discarded = $8, manifest_version = $9, activation = $10
         WHERE id = $1 AND {fence}"
    );
    let args: Vec<Value> = vec![
        held.id.into(),
        held.epoch.into(),
        o.inserted.into(),
        o.updated.into(),
        o.unchanged.into(),
        o.superseded.into(),
        o.parked.into(),
        o.discarded.into(),
        load.manifest_version.into(),
        load.activation.into(),
    ];
    Ok(tx.run(&sql, args).await? == 1)
}
