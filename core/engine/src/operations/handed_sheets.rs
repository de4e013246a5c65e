//! Takes correction sheets back.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use huiliu_messages::Message;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{Act, AuditEntry};
use super::correction_sheets::{CurrentRow, LETTERS, OtherRow, SheetRefused, check_size, read_current};
use super::decisions::Mode;
use super::error::OperationError;
use super::filters;
use super::registry_access::RegistryAccess;
use crate::correction_sheet::{HandedRow, HandedSheet, TOKEN, to_cell};
use crate::replay::{self, Applied, NewReplay, ReplayError, Watch};
use crate::runtime::Runtime;
use huiliu_decode::Problem;
use huiliu_decode::decode::DecodeError;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::letters::LetterFilter;
use huiliu_store::delivery::corrections::{self, CorrectedLetter, SheetLetter};
use huiliu_store::delivery::sheet_rows::{self, SheetBatch};
use huiliu_values::{DeadLetterState, ReplayReads, SheetRowOutcome};
use huiliu_vault::keys::Keys;
use tokio::sync::watch;

/// Letters that are replayed together. Each may have been received many times.
const REPLAYED: usize = 1_000;

/// A row of a sheet that was handed in, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RowTaken {
    /// File, sheet and row.
    pub address: String,
    /// The dead letter that it is about.
    pub dead_letter: Option<i64>,
    /// What became of it.
    pub outcome: SheetRowOutcome,
    /// The columns that were corrected, or changed in a row that has no open dead letter.
    pub fields: Vec<String>,
    /// What is still wrong.
    pub reasons: Vec<Problem>,
}

/// A correction sheet that was handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SheetTaken {
    /// Whether this is only a plan, with nothing changed.
    pub planned: bool,
    /// Outcome → number of rows.
    pub outcomes: BTreeMap<SheetRowOutcome, usize>,
    /// The rows, in the order of the sheet.
    pub rows: Vec<RowTaken>,
    /// Columns in which letters have a value and the sheet has none; they stay as they are.
    pub missing_columns: Vec<String>,
    /// Sheets of the workbook without the column that names the letter; they were not read.
    pub unread_sheets: Vec<String>,
    /// The replays that read the corrections.
    pub replays: Vec<i64>,
    /// Why not all corrections were replayed. Handing the sheet in again goes on.
    pub failure: Option<Message>,
}

/// The raw fields of a stream.
type FieldNames = Arc<[String]>;

/// A row of a sheet, with the values that it corrects.
struct JudgedRow {
    taken: RowTaken,
    values: Vec<(String, String)>,
}

/// Takes a correction sheet back: what differs from what was received becomes a correction, and the letters concerned are
/// replayed. What cannot be told for sure is said row by row, and changes nothing.
///
/// # Errors
/// [`SheetRefused::NotASheet`], [`OperationError::Filter`], [`OperationError::Replay`].
pub async fn import(
    runtime: &Runtime,
    act: Act<'_>,
    mode: Mode,
    source: &str,
    file: &str,
    bytes: &[u8],
    stop: &watch::Receiver<bool>,
) -> Result<SheetTaken, OperationError> {
    let opened = runtime.database_handle();
    let access = RegistryAccess { opened: &opened, settings: &runtime.settings, program: &runtime.program };
    let of_source = RowFilter { source: Some(source.to_owned()), ..RowFilter::default() };
    filters::check_filter(access, &of_source).await?;
    let sheet = open_sheet(runtime, file, bytes).await;
    let sheet = sheet.ok_or_else(|| SheetRefused::NotASheet { file: file.to_owned(), column: TOKEN })?;
    let unreadable = |why: DecodeError| SheetRefused::Damaged { file: file.to_owned(), why: Message::new(&why) };
    let rows = sheet.read_rows(&[]).map_err(unreadable)?;
    let known = KnownRows::read(runtime, source, &rows).await?;
    let rows = sheet.read_rows(&known.fields).map_err(unreadable)?;
    let mut taking = Taking { known: &known, seen: HashSet::new(), seen_others: HashSet::new() };
    let judged: Vec<JudgedRow> = rows.iter().map(|row| taking.judge_row(runtime, row)).collect();
    let missing_columns = find_missing(&known.fields, &rows, &known.current);
    let mut taken = SheetTaken {
        planned: mode == Mode::Plan,
        outcomes: BTreeMap::new(),
        rows: vec![],
        missing_columns,
        unread_sheets: sheet.unread().to_vec(),
        replays: vec![],
        failure: None,
    };
    let mut after = HashMap::new();
    if mode == Mode::Apply {
        store_corrections(runtime, act, file, source, &known.letters, &judged).await?;
        // Also rows whose corrections were stored before, and not replayed.
        let has_corrections = |row: &&JudgedRow| {
            let stored =
                row.taken.dead_letter.and_then(|letter| known.current.get(&letter)).is_some_and(|of| of.1.is_corrected);
            !row.values.is_empty() || stored && row.taken.outcome == SheetRowOutcome::Unchanged
        };
        let letters: Vec<i64> = judged.iter().filter(has_corrections).filter_map(|row| row.taken.dead_letter).collect();
        replay_letters(runtime, act, &letters, stop, &mut taken).await?;
        runtime.settle_and_wait().await?;
        for some in letters.chunks(LETTERS) {
            let now = corrections::find_for_sheet(&opened.db, some).await?;
            after.extend(now.into_iter().map(|letter| (letter.letter.dead_letter, letter)));
        }
    }
    for JudgedRow { taken: mut row, .. } in judged {
        let is_replayed = matches!(row.outcome, SheetRowOutcome::Corrected | SheetRowOutcome::Unchanged);
        if let Some(letter) = row.dead_letter.filter(|_| is_replayed).and_then(|letter| after.get(&letter)) {
            if letter.state != DeadLetterState::Open {
                row.outcome = SheetRowOutcome::Closed;
            } else if row.outcome == SheetRowOutcome::Corrected {
                row.outcome = SheetRowOutcome::StillOpen;
                row.reasons = letter.reasons.clone();
            }
        }
        *taken.outcomes.entry(row.outcome).or_default() += 1;
        taken.rows.push(row);
    }
    Ok(taken)
}

/// Returns the fields in which letters of the rows have a value, and the sheet has no column.
fn find_missing(
    fields: &[String],
    rows: &[HandedRow],
    current: &HashMap<i64, (FieldNames, CurrentRow)>,
) -> Vec<String> {
    let is_missing = |(nth, field): &(usize, &String)| {
        rows.iter().filter(|row| row.texts.get(*nth).is_some_and(Option::is_none)).any(|row| {
            let letter = row.token.as_deref().and_then(parse_token);
            let known = letter.and_then(|letter| current.get(&letter));
            known
                .is_some_and(|(of, row)| of.iter().zip(&row.texts).any(|(name, text)| name == *field && text.is_some()))
        })
    };
    fields.iter().enumerate().filter(is_missing).map(|(_, field)| field.clone()).collect()
}

/// Replays letters, some at a time. What stops it is noted: the corrections are stored, and handing the sheet in again goes on.
async fn replay_letters(
    runtime: &Runtime,
    act: Act<'_>,
    letters: &[i64],
    stop: &watch::Receiver<bool>,
    taken: &mut SheetTaken,
) -> Result<(), OperationError> {
    // A sheet is not cut so that nobody need approve its parts.
    let above = usize::try_from(runtime.settings.approve_replays_above).unwrap_or(usize::MAX);
    let together = if above > 0 && letters.len() > above { letters.len() } else { REPLAYED };
    for some in letters.chunks(together) {
        let of = LetterFilter { letters: some.to_vec(), without_awaiting: true, ..LetterFilter::default() };
        let approve_above = runtime.settings.approve_replays_above;
        let new = NewReplay { reads: ReplayReads::DeadLetters, filter: &of, actor: act.actor, approve_above };
        let watch = Watch { stop: Some(stop), told: None };
        let replayed = match replay::plan_replay(&runtime.delivery, new, watch).await {
            Ok(replay) => {
                replay::apply_plan(&runtime.delivery, replay, act.actor, watch).await.map(|done| (replay, done))
            }
            Err(fault) => Err(fault),
        };
        match replayed {
            Ok((replay, Applied::Done)) => taken.replays.push(replay),
            // Something else has changed these letters meanwhile, or closed them; what is still open is said row by row.
            Ok((_, Applied::Stale(_))) | Err(ReplayError::Nothing) => {}
            Err(ReplayError::Store(fault)) => return Err(fault.into()),
            Err(fault) => {
                taken.failure = Some(Message::new(&fault));
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Returns whether a file is a correction sheet of any source.
pub async fn is_sheet(runtime: &Runtime, file: &str, bytes: &[u8]) -> bool {
    huiliu_decode::correction_mark::may_be_sheet(bytes) && open_sheet(runtime, file, bytes).await.is_some()
}

/// Opens a correction sheet. It is read like a workbook of any stream.
async fn open_sheet<'b>(runtime: &Runtime, file: &str, bytes: &'b [u8]) -> Option<HandedSheet<'b>> {
    let manifests = runtime.delivery.manifests.current();
    let stream = manifests.values().find_map(|of| of.manifest.stream.first())?;
    HandedSheet::open(&runtime.program.unpacker, stream, file, bytes).await
}

/// Returns the number of the letter that a token names.
fn parse_token(token: &str) -> Option<i64> {
    token.split_once('-')?.0.parse().ok()
}

/// Finds the letters of all rows, by number.
async fn find_letters(runtime: &Runtime, rows: &[HandedRow]) -> Result<HashMap<i64, SheetLetter>, OperationError> {
    let numbers: BTreeSet<i64> = rows.iter().filter_map(|row| parse_token(row.token.as_deref()?)).collect();
    let numbers: Vec<i64> = numbers.into_iter().collect();
    let mut known = HashMap::new();
    for some in numbers.chunks(LETTERS) {
        let found = corrections::find_for_sheet(&runtime.delivery.db, some).await?;
        known.extend(found.into_iter().map(|letter| (letter.letter.dead_letter, letter)));
    }
    Ok(known)
}

/// Finds the batches of all rows that had no open dead letter at the export, by number.
async fn find_row_batches(runtime: &Runtime, rows: &[HandedRow]) -> Result<HashMap<i64, SheetBatch>, OperationError> {
    let named = rows.iter().filter_map(|row| Some(sheet_rows::parse_row_token(row.token.as_deref()?)?.0));
    let numbers: Vec<i64> = named.collect::<BTreeSet<_>>().into_iter().collect();
    let mut batches = HashMap::new();
    for some in numbers.chunks(LETTERS) {
        let found = sheet_rows::find_batches(&runtime.delivery.db, some).await?;
        batches.extend(found.into_iter().map(|batch| (batch.batch, batch)));
    }
    Ok(batches)
}

/// What the rows of a sheet are compared with.
struct KnownRows<'k> {
    /// Name of the source.
    source: &'k str,
    /// The raw fields of all streams concerned.
    fields: Vec<String>,
    /// The letters that the rows name, by number.
    letters: HashMap<i64, SheetLetter>,
    /// The raw records of those that are open.
    current: HashMap<i64, (FieldNames, CurrentRow)>,
    /// The batches of rows without a letter, by number.
    batches: HashMap<i64, SheetBatch>,
    /// All rows of these batches that no letter of the sheet is about.
    others: HashMap<(i64, u32), (FieldNames, OtherRow)>,
    /// Where open letters stand in these batches now.
    with_letter: HashSet<(i64, u32)>,
    /// The batches that cannot be read now.
    unreadable: HashSet<i64>,
}

impl<'k> KnownRows<'k> {
    async fn read(runtime: &Runtime, source: &'k str, rows: &[HandedRow]) -> Result<Self, OperationError> {
        let letters = find_letters(runtime, rows).await?;
        let is_open = |letter: &&SheetLetter| letter.source == source && letter.state == DeadLetterState::Open;
        let open: Vec<SheetLetter> = letters.values().filter(is_open).cloned().collect();
        let batches = find_row_batches(runtime, rows).await?;
        let whole: Vec<SheetBatch> = batches.values().filter(|batch| batch.source == source).cloned().collect();
        check_size(&whole)?;
        let streams = open.iter().map(SheetLetter::stream).chain(whole.iter().map(|batch| batch.stream.as_str()));
        let mut known = Self {
            source,
            fields: vec![],
            letters,
            current: HashMap::new(),
            batches,
            others: HashMap::new(),
            with_letter: HashSet::new(),
            unreadable: HashSet::new(),
        };
        for stream in streams.collect::<BTreeSet<_>>() {
            let open: Vec<SheetLetter> = open.iter().filter(|letter| letter.stream() == stream).cloned().collect();
            let whole: Vec<SheetBatch> = whole.iter().filter(|batch| batch.stream == stream).cloned().collect();
            known.add_stream(runtime, &open, &whole).await?;
        }
        Ok(known)
    }

    /// Adds the open letters and the batches of one stream.
    async fn add_stream(
        &mut self,
        runtime: &Runtime,
        open: &[SheetLetter],
        whole: &[SheetBatch],
    ) -> Result<(), OperationError> {
        let read = read_current(runtime, open, whole).await?;
        let of_batches = sheet_rows::list_letters_in(&runtime.delivery.db, whole).await?;
        self.with_letter.extend(of_batches.iter().map(|letter| (letter.batch, letter.index)));
        self.unreadable.extend(read.unreadable_batches);
        for field in &read.fields {
            if !self.fields.contains(field) {
                self.fields.push(field.clone());
            }
        }
        let fields: FieldNames = read.fields.into();
        self.current.extend(read.rows.into_iter().map(|(letter, row)| (letter, (Arc::clone(&fields), row))));
        self.others.extend(read.others.into_iter().map(|(place, row)| (place, (Arc::clone(&fields), row))));
        Ok(())
    }
}

/// Judges the rows of a sheet, one after the other.
struct Taking<'t> {
    known: &'t KnownRows<'t>,
    seen: HashSet<i64>,
    seen_others: HashSet<(i64, u32)>,
}

impl Taking<'_> {
    /// Says what a row is, and which values it corrects.
    fn judge_row(&mut self, runtime: &Runtime, row: &HandedRow) -> JudgedRow {
        let mut taken = RowTaken {
            address: row.address.clone(),
            dead_letter: None,
            outcome: SheetRowOutcome::NoNumber,
            fields: vec![],
            reasons: vec![],
        };
        let Some(token) = row.token.as_deref() else { return JudgedRow { taken, values: vec![] } };
        if let Some(place) = sheet_rows::parse_row_token(token) {
            (taken.outcome, taken.fields) = self.judge_other(&runtime.delivery.keys, place, row, token);
            return JudgedRow { taken, values: vec![] };
        }
        let letter = parse_token(token).and_then(|number| self.known.letters.get(&number));
        let Some(letter) = letter else {
            taken.outcome = SheetRowOutcome::Unknown;
            return JudgedRow { taken, values: vec![] };
        };
        let number = letter.letter.dead_letter;
        taken.dead_letter = Some(number);
        taken.outcome = if letter.source != self.known.source {
            SheetRowOutcome::OtherSource
        } else if letter.row_token(&runtime.delivery.keys) != token {
            SheetRowOutcome::Outdated
        } else if letter.state != DeadLetterState::Open {
            SheetRowOutcome::NotOpen
        } else if !self.seen.insert(number) {
            SheetRowOutcome::Repeated
        } else {
            let Some((fields, current)) = self.known.current.get(&number) else {
                taken.outcome = SheetRowOutcome::Unreadable;
                return JudgedRow { taken, values: vec![] };
            };
            match self.find_corrections(fields, current, row) {
                None => SheetRowOutcome::Doubtful,
                Some(values) if values.is_empty() => SheetRowOutcome::Unchanged,
                Some(values) => {
                    taken.outcome = SheetRowOutcome::Corrected;
                    taken.fields = values.iter().map(|(field, _)| field.clone()).collect();
                    return JudgedRow { taken, values };
                }
            }
        };
        JudgedRow { taken, values: vec![] }
    }

    /// Says what a row without a letter is, and which columns were changed.
    fn judge_other(
        &mut self,
        keys: &Keys,
        place: (i64, u32),
        row: &HandedRow,
        token: &str,
    ) -> (SheetRowOutcome, Vec<String>) {
        let Some(batch) = self.known.batches.get(&place.0) else { return (SheetRowOutcome::Unknown, vec![]) };
        if batch.source != self.known.source {
            return (SheetRowOutcome::OtherSource, vec![]);
        }
        if self.known.unreadable.contains(&place.0) {
            return (SheetRowOutcome::Unreadable, vec![]);
        }
        let known = self.known.others.get(&place).filter(|_| !self.known.with_letter.contains(&place));
        let known = known.filter(|(_, of)| batch.row_token(keys, place.1, &of.raw_digest) == token);
        let Some((fields, OtherRow { row: current, .. })) = known else { return (SheetRowOutcome::Outdated, vec![]) };
        if !self.seen_others.insert(place) {
            return (SheetRowOutcome::Repeated, vec![]);
        }
        match self.find_corrections(fields, current, row) {
            None => (SheetRowOutcome::Doubtful, vec![]),
            Some(values) if values.is_empty() => (SheetRowOutcome::NotFaulty, vec![]),
            Some(values) => (SheetRowOutcome::NotFaultyChanged, values.into_iter().map(|(field, _)| field).collect()),
        }
    }

    /// Returns the values that differ from those of a raw record; `None` if one of these cells cannot be relied on.
    fn find_corrections(
        &self,
        fields: &[String],
        CurrentRow { received, texts, .. }: &CurrentRow,
        row: &HandedRow,
    ) -> Option<Vec<(String, String)>> {
        let mut values = vec![];
        for (nth, field) in self.known.fields.iter().enumerate() {
            let Some(slot) = fields.iter().position(|of| of == field) else { continue };
            let Some(handed) = row.texts.get(nth).cloned().flatten() else { continue };
            let is_number = row.numbers.contains(&nth);
            // The value as received says nothing against a later correction: it stood so in an older sheet.
            let is_same = |text: &Option<String>| {
                let text = text.as_deref().map(to_cell).unwrap_or_default();
                text == handed || is_number && is_same_number(&text, &handed)
            };
            if is_same(&texts[slot]) || is_same(&received[slot]) {
                continue;
            }
            if row.doubtful.contains(&nth) {
                return None;
            }
            values.push((field.clone(), handed));
        }
        Some(values)
    }
}

/// Whether two texts are one number: a spreadsheet writes `0012` as 12 and `71.50` as 71.5.
fn is_same_number(text: &str, number: &str) -> bool {
    text.len() <= 15
        && matches!((text.parse::<f64>(), number.parse::<f64>()), (Ok(a), Ok(b)) if (a - b).abs() < f64::EPSILON)
}

/// Stores the corrections of a sheet with one entry in the audit log. Letters that are closed, or whose record came again with
/// another content, since they were read are left as they are.
async fn store_corrections(
    runtime: &Runtime,
    act: Act<'_>,
    file: &str,
    source: &str,
    known: &HashMap<i64, SheetLetter>,
    judged: &[JudgedRow],
) -> Result<(), OperationError> {
    let opened = runtime.database_handle();
    let asked: Vec<i64> =
        judged.iter().filter(|row| !row.values.is_empty()).filter_map(|row| row.taken.dead_letter).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let mut tx = opened.db.begin().await?;
    let open = corrections::lock_open(&mut tx, &asked).await?;
    let same = open.iter().filter(|letter| known.get(&letter.dead_letter).is_some_and(|of| of.letter == **letter));
    let same: HashMap<i64, &CorrectedLetter> = same.map(|letter| (letter.dead_letter, letter)).collect();
    let corrected: Vec<_> = judged
        .iter()
        .filter_map(|row| Some((*same.get(&row.taken.dead_letter?)?, &row.values)))
        .flat_map(|(letter, values)| values.iter().map(move |(field, value)| (letter, field.as_str(), value.as_str())))
        .collect();
    for some in corrected.chunks(LETTERS) {
        corrections::write_corrections(&mut tx, &opened.keys, some, act.to_author()).await?;
    }
    let letters: BTreeSet<i64> = corrected.iter().map(|(letter, ..)| letter.dead_letter).collect();
    let fields: BTreeSet<&str> = corrected.iter().map(|(_, field, _)| *field).collect();
    let detail = json!({ "file": file, "count": letters.len(), "fields": fields });
    let entry = AuditEntry { action: "dead_letter.correct", object: format!("source {source}"), detail };
    Ok(act.commit_with_audit(tx, &opened, entry).await?)
}
