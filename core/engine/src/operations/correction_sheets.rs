//! Correction sheets: a source's faulty rows are exported as a workbook, corrected by the sender, and handed in again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use huiliu_messages::{Language, Message, SystemError, said_in_english};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{Act, AuditEntry};
use super::corrections::CorrectionRefused;
use super::decisions::Mode;
use super::error::OperationError;
use super::filters;
use super::registry_access::RegistryAccess;
use crate::correction_sheet::{self, HandedRow, HandedSheet, MAX_ROWS, SheetRow, TOKEN, to_cell};
use crate::protected_zip::{self, ProtectedZip};
use crate::raw_record::{self, RawTexts};
use crate::replay::{self, Applied, NewReplay, ReplayError, Watch};
use crate::runtime::Runtime;
use huiliu_decode::Problem;
use huiliu_decode::decode::DecodeError;
use huiliu_platform::files::MAX_FILE_BYTES;
use huiliu_store::StoreError;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::letters::{self, LetterFilter};
use huiliu_store::delivery::corrections::{self, CorrectedLetter, RawOfLetter, SheetLetter};
use huiliu_values::{DeadLetterState, ReplayReads, SheetRowOutcome};
use tokio::sync::watch;

/// Letters that are looked up or written together.
const LETTERS: usize = 5_000;
/// Letters that are replayed together. Each may have been received many times.
const REPLAYED: usize = 1_000;

/// Why a correction sheet is neither made nor taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum SheetRefused {
    /// The letters belong to several streams, and none was named.
    #[serde(rename = "sheet.stream")]
    WhichStream { streams: Vec<String> },
    /// More letters match than a sheet may have rows.
    #[serde(rename = "sheet.too_many")]
    TooMany { letters: usize, max: usize },
    /// None of the raw records can be read now; `why` is the reason of the first.
    #[serde(rename = "sheet.unreadable")]
    Unreadable { why: Message },
    /// The file is not a correction sheet, or its hidden column is gone.
    #[serde(rename = "sheet.unknown")]
    NotASheet { file: String, column: &'static str },
    /// There is more in the rows than a workbook holds.
    #[serde(rename = "sheet.too_large")]
    TooLarge { why: String },
    /// The workbook cannot be read, such as one in which a column name stands twice.
    #[serde(rename = "sheet.damaged")]
    Damaged { file: String, why: Message },
    /// The workbook cannot be written to its file. A file that is there already is never overwritten.
    #[serde(rename = "sheet.unwritable")]
    Unwritable {
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        why: SystemError,
    },
    /// A protected sheet is an archive, and the file has another name.
    #[serde(rename = "sheet.not_zip")]
    NotZip {
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
    },
    /// The file cannot be read.
    #[serde(rename = "sheet.file")]
    File {
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        why: SystemError,
    },
    /// The file is too large.
    #[serde(rename = "sheet.large_file")]
    LargeFile {
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        max: u64,
    },
}

said_in_english!(SheetRefused);

impl SheetRefused {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::WhichStream { .. } => "sheet.stream",
            Self::TooMany { .. } => "sheet.too_many",
            Self::Unreadable { .. } => "sheet.unreadable",
            Self::NotASheet { .. } => "sheet.unknown",
            Self::TooLarge { .. } => "sheet.too_large",
            Self::Damaged { .. } => "sheet.damaged",
            Self::Unwritable { .. } => "sheet.unwritable",
            Self::NotZip { .. } => "sheet.not_zip",
            Self::File { .. } => "sheet.file",
            Self::LargeFile { .. } => "sheet.large_file",
        }
    }
}

/// A correction sheet that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SheetMade {
    /// The stream of its rows.
    pub stream: String,
    /// Number of rows, one for each dead letter.
    pub rows: usize,
    /// Dead letters without a row, because today's manifest cannot read what was received.
    pub left_out: Vec<i64>,
    /// What opens the file, if it is protected. It is stored nowhere.
    pub password: Option<String>,
}

/// The file that a correction sheet becomes.
#[derive(Debug, Clone, Copy)]
pub struct NewSheet<'s> {
    /// Where. No file may be there.
    pub file: &'s Path,
    /// Language of the sentences.
    pub language: Language,
    /// Whether the workbook is put into a ZIP archive that only a new password opens.
    pub protect: bool,
}

/// Makes the correction sheet of a source: the raw records of the selected letters, all values as received or corrected since, not
/// masked. Writes it to a new file that only its owner can read.
///
/// # Errors
/// [`SheetRefused`], [`CorrectionRefused::Nothing`], [`OperationError::Filter`].
pub async fn export(
    runtime: &Runtime,
    act: Act<'_>,
    of: &LetterFilter,
    new: NewSheet<'_>,
) -> Result<SheetMade, OperationError> {
    if new.protect && new.file.extension().is_none_or(|of| !of.eq_ignore_ascii_case("zip")) {
        return Err(SheetRefused::NotZip { file: new.file.to_owned() }.into());
    }
    let opened = runtime.database_handle();
    let access = RegistryAccess { opened: &opened, settings: &runtime.settings, program: &runtime.program };
    filters::check_letter_filter(access, of).await?;
    let selected = letters::count_open(&opened.db, of).await?;
    let count = usize::try_from(selected).unwrap_or(usize::MAX);
    if count > MAX_ROWS {
        return Err(SheetRefused::TooMany { letters: count, max: MAX_ROWS }.into());
    }
    let all = corrections::list_for_sheet(&opened.db, of).await?;
    let streams: BTreeSet<&str> = all.iter().map(SheetLetter::stream).collect();
    let stream = match streams.iter().copied().collect::<Vec<_>>()[..] {
        [] => return Err(CorrectionRefused::Nothing.into()),
        [only] => only.to_owned(),
        _ => {
            return Err(SheetRefused::WhichStream { streams: streams.into_iter().map(str::to_owned).collect() }.into());
        }
    };
    let read = read_current(runtime, &all).await?;
    if let (true, Some(why)) = (read.texts.is_empty(), read.unreadable) {
        return Err(SheetRefused::Unreadable { why }.into());
    }
    let mut left_out = vec![];
    let mut rows = vec![];
    for letter in &all {
        match read.texts.get(&letter.letter.dead_letter) {
            None => left_out.push(letter.letter.dead_letter),
            Some(row) => rows.push(SheetRow {
                token: letter.row_token(&opened.keys),
                address: letter.address.clone(),
                texts: row.texts.clone(),
                reasons: letter.reasons.clone(),
            }),
        }
    }
    let workbook = correction_sheet::write_workbook(&stream, &read.fields, &rows, new.language)
        .map_err(|e| SheetRefused::TooLarge { why: e.to_string() })?;
    let (content, password) = if new.protect {
        let ProtectedZip { bytes, password } = protected_zip::protect(&workbook_name(new.file), &workbook)
            .map_err(|why| SheetRefused::Unwritable { file: new.file.to_owned(), why: why.into() })?;
        (bytes, Some(password))
    } else {
        (workbook, None)
    };
    let detail = json!({ "filter": of, "count": rows.len(), "protected": new.protect });
    let object = of.source.as_ref().map_or_else(|| "dead letter".to_owned(), |source| format!("source {source}"));
    // No sheet is left behind without its entry.
    let mut tx = opened.db.begin().await?;
    act.append_audit(&mut tx, &opened.keys, AuditEntry { action: "dead_letter.export", object, detail }).await?;
    create_file(new.file, &content)?;
    tx.commit().await.inspect_err(|_| drop(std::fs::remove_file(new.file)))?;
    Ok(SheetMade { stream, rows: rows.len(), left_out, password })
}

/// Returns the name of the workbook in an archive.
fn workbook_name(archive: &Path) -> String {
    format!("{}.xlsx", archive.file_stem().unwrap_or_default().to_string_lossy())
}

fn create_file(file: &Path, content: &[u8]) -> Result<(), SheetRefused> {
    let new = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    new.and_then(|mut new| new.write_all(content).inspect_err(|_| drop(std::fs::remove_file(file))))
        .map_err(|why| SheetRefused::Unwritable { file: file.to_owned(), why: why.into() })
}

/// Reads a file that may be a correction sheet.
///
/// # Errors
/// [`SheetRefused::File`], [`SheetRefused::LargeFile`].
pub fn read_file(file: &Path) -> Result<Vec<u8>, SheetRefused> {
    let read = huiliu_files::read_given(file, MAX_FILE_BYTES)
        .map_err(|why| SheetRefused::File { file: file.to_owned(), why: std::io::Error::from(why).into() })?;
    read.ok_or_else(|| SheetRefused::LargeFile { file: file.to_owned(), max: MAX_FILE_BYTES })
}

/// The texts of a raw record, in the order of the fields.
struct CurrentRow {
    /// As received.
    received: Vec<Option<String>>,
    /// With the corrections that hold.
    texts: Vec<Option<String>>,
    /// Whether there are any.
    is_corrected: bool,
}

/// The raw records of letters with the corrections that hold.
struct CurrentTexts {
    fields: Vec<String>,
    /// Raw records by letter.
    texts: HashMap<i64, CurrentRow>,
    /// Why the first payload that cannot be read now cannot be read.
    unreadable: Option<Message>,
}

/// Reads the raw records of letters of one stream.
async fn read_current(runtime: &Runtime, all: &[SheetLetter]) -> Result<CurrentTexts, OperationError> {
    let mut current = CurrentTexts { fields: vec![], texts: HashMap::new(), unreadable: None };
    let mut of_batches: BTreeMap<i64, Vec<&SheetLetter>> = BTreeMap::new();
    for letter in all {
        of_batches.entry(letter.batch).or_default().push(letter);
    }
    for (batch, of_batch) in of_batches {
        let wanted = of_batch.iter().filter_map(|letter| Some((letter.index, letter.digests()?.0))).collect();
        let RawTexts { fields, mut records } = match raw_record::read_texts(&runtime.delivery, batch, &wanted).await {
            Ok(read) => read,
            Err(StoreError::Unreadable(why)) => {
                current.unreadable.get_or_insert_with(|| Message::new(&why));
                continue;
            }
            Err(fault) => return Err(fault.into()),
        };
        let asked: Vec<RawOfLetter<'_>> = of_batch
            .iter()
            .filter_map(|letter| {
                let (raw_digest, dead_letter_key) = letter.digests()?;
                let (index, dead_letter) = (letter.index, letter.letter.dead_letter);
                Some(RawOfLetter { index, raw_digest, dead_letter_key, dead_letter })
            })
            .collect();
        let (db, keys) = (&runtime.delivery.db, &runtime.delivery.keys);
        let (source, stream) = of_batch.first().map_or((0, ""), |of| (of.letter.source(), of.stream()));
        let corrected = corrections::load_for_raw(db, keys, source, stream, &asked).await?;
        for letter in of_batch {
            let Some(received) = records.remove(&letter.index) else { continue };
            let mut texts = received.clone();
            for (field, value) in corrected.get(&letter.index).into_iter().flatten() {
                if let Some(slot) = fields.iter().position(|of| of == field) {
                    texts[slot] = Some(value.clone());
                }
            }
            let is_corrected = corrected.contains_key(&letter.index);
            current.texts.insert(letter.letter.dead_letter, CurrentRow { received, texts, is_corrected });
        }
        current.fields = fields;
    }
    Ok(current)
}

/// A row of a sheet that was handed in, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RowTaken {
    /// File, sheet and row.
    pub address: String,
    /// The dead letter that it is about.
    pub dead_letter: Option<i64>,
    /// What became of it.
    pub outcome: SheetRowOutcome,
    /// The columns that were corrected.
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
    /// Columns of the letters that the sheet does not have; they stay as they are.
    pub missing_columns: Vec<String>,
    /// The replays that read the corrections.
    pub replays: Vec<i64>,
    /// Why not all corrections were replayed. Handing the sheet in again goes on.
    pub failure: Option<Message>,
}

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
    let (rows, _) = sheet.read_rows(&[]).map_err(unreadable)?;
    let known = find_letters(runtime, &rows).await?;
    let is_open = |letter: &&SheetLetter| letter.source == source && letter.state == DeadLetterState::Open;
    let open: Vec<SheetLetter> = known.values().filter(is_open).cloned().collect();
    let mut fields: Vec<String> = vec![];
    let mut current: HashMap<i64, (Vec<String>, CurrentRow)> = HashMap::new();
    for stream in open.iter().map(SheetLetter::stream).collect::<BTreeSet<_>>() {
        let of_stream: Vec<SheetLetter> = open.iter().filter(|letter| letter.stream() == stream).cloned().collect();
        let read = read_current(runtime, &of_stream).await?;
        for field in &read.fields {
            if !fields.contains(field) {
                fields.push(field.clone());
            }
        }
        current.extend(read.texts.into_iter().map(|(letter, row)| (letter, (read.fields.clone(), row))));
    }
    let (rows, present) = sheet.read_rows(&fields).map_err(unreadable)?;
    let seen = HashSet::new();
    let mut taking = Taking { source, fields: &fields, present: &present, known: &known, current: &current, seen };
    let judged: Vec<JudgedRow> = rows.iter().map(|row| taking.judge_row(runtime, row)).collect();
    let missing_columns = fields.iter().zip(&present).filter(|(_, is)| !**is).map(|(field, _)| field.clone()).collect();
    let mut taken = SheetTaken {
        planned: mode == Mode::Plan,
        outcomes: BTreeMap::new(),
        rows: vec![],
        missing_columns,
        replays: vec![],
        failure: None,
    };
    let mut after = HashMap::new();
    if mode == Mode::Apply {
        store_corrections(runtime, act, file, source, &known, &judged).await?;
        // Also rows whose corrections were stored before, and not replayed.
        let has_corrections = |row: &&JudgedRow| {
            let stored =
                row.taken.dead_letter.and_then(|letter| current.get(&letter)).is_some_and(|of| of.1.is_corrected);
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
        let of = LetterFilter { letters: some.to_vec(), ..LetterFilter::default() };
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
    huiliu_decode::correction_mark::may_be_workbook(bytes) && open_sheet(runtime, file, bytes).await.is_some()
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

/// What the rows of a sheet are compared with.
struct Taking<'t> {
    source: &'t str,
    fields: &'t [String],
    present: &'t [bool],
    known: &'t HashMap<i64, SheetLetter>,
    current: &'t HashMap<i64, (Vec<String>, CurrentRow)>,
    seen: HashSet<i64>,
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
        let letter = parse_token(token).and_then(|number| self.known.get(&number));
        let Some(letter) = letter else {
            taken.outcome = SheetRowOutcome::Unknown;
            return JudgedRow { taken, values: vec![] };
        };
        let number = letter.letter.dead_letter;
        taken.dead_letter = Some(number);
        taken.outcome = if letter.source != self.source {
            SheetRowOutcome::OtherSource
        } else if letter.row_token(&runtime.delivery.keys) != token {
            SheetRowOutcome::Outdated
        } else if letter.state != DeadLetterState::Open {
            SheetRowOutcome::NotOpen
        } else if !self.seen.insert(number) {
            SheetRowOutcome::Repeated
        } else {
            match self.find_corrections(letter, row) {
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

    /// Returns the values that differ from the letter's; `None` if one of these cells cannot be relied on, or the letter's raw
    /// record cannot be read now.
    fn find_corrections(&self, letter: &SheetLetter, row: &HandedRow) -> Option<Vec<(String, String)>> {
        let (fields, CurrentRow { received, texts, .. }) = self.current.get(&letter.letter.dead_letter)?;
        let mut values = vec![];
        for (nth, field) in self.fields.iter().enumerate() {
            let Some(slot) = fields.iter().position(|of| of == field) else { continue };
            if !self.present[nth] {
                continue;
            }
            let handed = row.texts.get(nth).cloned().flatten().unwrap_or_default();
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
