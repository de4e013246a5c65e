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
use crate::raw_record::{self, RawTexts};
use crate::replay::{self, Applied, ReplayError};
use crate::runtime::Runtime;
use huiliu_decode::Problem;
use huiliu_platform::files::MAX_FILE_BYTES;
use huiliu_store::StoreError;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::letters::{self, LetterFilter};
use huiliu_store::delivery::corrections::{self, SheetLetter};
use huiliu_values::{DeadLetterState, SheetRowOutcome};
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
    /// The workbook cannot be written to its file. A file that is there already is never overwritten.
    #[serde(rename = "sheet.unwritable")]
    Unwritable {
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        why: SystemError,
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
            Self::Unwritable { .. } => "sheet.unwritable",
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
}

/// Makes the correction sheet of a source: the raw records of the selected letters, all values as received or corrected since, not
/// masked. Sentences are in `language`. Writes it to a new file that only its owner can read.
///
/// # Errors
/// [`SheetRefused`], [`CorrectionRefused::Nothing`], [`OperationError::Filter`].
pub async fn export(
    runtime: &Runtime,
    act: Act<'_>,
    of: &LetterFilter,
    language: Language,
    file: &Path,
) -> Result<SheetMade, OperationError> {
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
            Some(texts) => rows.push(SheetRow {
                token: letter.row_token(&opened.keys),
                address: letter.address.clone(),
                texts: texts.clone(),
                reasons: letter.reasons.clone(),
            }),
        }
    }
    let workbook = correction_sheet::write_workbook(&stream, &read.fields, &rows, language)
        .map_err(|e| SheetRefused::TooLarge { why: e.to_string() })?;
    create_file(file, &workbook)?;
    let detail = json!({ "filter": of, "count": rows.len() });
    let object = of.source.as_ref().map_or_else(|| "dead letter".to_owned(), |source| format!("source {source}"));
    let tx = opened.db.begin().await?;
    act.commit_with_audit(tx, &opened, AuditEntry { action: "dead_letter.export", object, detail }).await?;
    Ok(SheetMade { stream, rows: rows.len(), left_out })
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

/// The raw records of letters with the corrections that hold.
struct CurrentTexts {
    fields: Vec<String>,
    /// Texts by letter, in the order of the fields.
    texts: HashMap<i64, Vec<Option<String>>>,
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
        let wanted = of_batch.iter().map(|letter| letter.index).collect();
        let RawTexts { fields, mut records } = match raw_record::read_texts(&runtime.delivery, batch, &wanted).await {
            Ok(read) => read,
            Err(StoreError::Unreadable(why)) => {
                current.unreadable.get_or_insert_with(|| Message::new(&why));
                continue;
            }
            Err(fault) => return Err(fault.into()),
        };
        let digests: Vec<[u8; 16]> = of_batch.iter().filter_map(|of| of.raw_digest().try_into().ok()).collect();
        let (db, keys) = (&runtime.delivery.db, &runtime.delivery.keys);
        let (source, stream) = of_batch.first().map_or((0, ""), |of| (of.letter.source(), of.stream()));
        let corrected = corrections::load_for_raw(db, keys, source, stream, digests.iter()).await?;
        for letter in of_batch {
            let Some(mut texts) = records.remove(&letter.index) else { continue };
            let digest: Option<[u8; 16]> = letter.raw_digest().try_into().ok();
            for (field, value) in digest.and_then(|digest| corrected.get(&digest)).into_iter().flatten() {
                if let Some(slot) = fields.iter().position(|of| of == field) {
                    texts[slot] = Some(value.clone());
                }
            }
            current.texts.insert(letter.letter.dead_letter, texts);
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
    let (rows, _) = sheet.read_rows(&[]);
    let known = find_letters(runtime, &rows).await?;
    let open: Vec<SheetLetter> = known
        .values()
        .filter(|letter| letter.source == source && letter.state == DeadLetterState::Open)
        .cloned()
        .collect();
    let mut fields: Vec<String> = vec![];
    let mut current: HashMap<i64, (Vec<String>, Vec<Option<String>>)> = HashMap::new();
    for stream in open.iter().map(SheetLetter::stream).collect::<BTreeSet<_>>() {
        let of_stream: Vec<SheetLetter> = open.iter().filter(|letter| letter.stream() == stream).cloned().collect();
        let read = read_current(runtime, &of_stream).await?;
        fields.extend(read.fields.iter().filter(|field| !fields.contains(field)).cloned().collect::<Vec<_>>());
        current.extend(read.texts.into_iter().map(|(letter, texts)| (letter, (read.fields.clone(), texts))));
    }
    let (rows, present) = sheet.read_rows(&fields);
    let mut taking =
        Taking { source, fields: &fields, present: &present, known: &known, current: &current, seen: HashSet::new() };
    let judged: Vec<(RowTaken, Vec<(String, String)>)> =
        rows.iter().map(|row| taking.judge_row(runtime, row)).collect();
    let missing_columns = fields.iter().zip(&present).filter(|(_, is)| !**is).map(|(field, _)| field.clone()).collect();
    let mut taken = SheetTaken {
        planned: mode == Mode::Plan,
        outcomes: BTreeMap::new(),
        rows: vec![],
        missing_columns,
        replays: vec![],
    };
    if mode == Mode::Apply {
        store_corrections(runtime, act, file, source, &known, &judged).await?;
        let letters: Vec<i64> =
            judged.iter().filter(|(_, values)| !values.is_empty()).filter_map(|(row, _)| row.dead_letter).collect();
        for some in letters.chunks(REPLAYED) {
            let of = LetterFilter { letters: some.to_vec(), ..LetterFilter::default() };
            let replay = match replay::plan_replay(&runtime.delivery, &of, act.actor, stop).await {
                // Somebody else has closed them meanwhile.
                Err(ReplayError::Nothing) => continue,
                planned => planned?,
            };
            // A plan that no longer holds changes nothing, and its letters stay open: that is said row by row.
            if let Applied::Done = replay::apply_plan(&runtime.delivery, replay, act.actor).await? {
                taken.replays.push(replay);
            }
        }
        runtime.settle_and_wait().await?;
    }
    let corrected: Vec<i64> = judged
        .iter()
        .filter(|(row, _)| row.outcome == SheetRowOutcome::Corrected)
        .filter_map(|(row, _)| row.dead_letter)
        .collect();
    let after: HashMap<i64, SheetLetter> = if mode == Mode::Apply {
        let now = corrections::find_for_sheet(&opened.db, &corrected).await?;
        now.into_iter().map(|letter| (letter.letter.dead_letter, letter)).collect()
    } else {
        HashMap::new()
    };
    for (mut row, _) in judged {
        if let Some(letter) =
            row.dead_letter.filter(|_| row.outcome == SheetRowOutcome::Corrected).and_then(|of| after.get(&of))
        {
            match letter.state {
                DeadLetterState::Open => {
                    row.outcome = SheetRowOutcome::StillOpen;
                    row.reasons = letter.reasons.clone();
                }
                _ => row.outcome = SheetRowOutcome::Closed,
            }
        }
        *taken.outcomes.entry(row.outcome).or_default() += 1;
        taken.rows.push(row);
    }
    Ok(taken)
}

/// Returns whether a file is a correction sheet of any source.
pub async fn is_sheet(runtime: &Runtime, file: &str, bytes: &[u8]) -> bool {
    let is_workbook = bytes.starts_with(b"PK") || bytes.starts_with(b"\xd0\xcf\x11\xe0");
    is_workbook && open_sheet(runtime, file, bytes).await.is_some()
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
    current: &'t HashMap<i64, (Vec<String>, Vec<Option<String>>)>,
    seen: HashSet<i64>,
}

impl Taking<'_> {
    /// Says what a row is, and which values it corrects.
    fn judge_row(&mut self, runtime: &Runtime, row: &HandedRow) -> (RowTaken, Vec<(String, String)>) {
        let mut taken = RowTaken {
            address: row.address.clone(),
            dead_letter: None,
            outcome: SheetRowOutcome::NoNumber,
            fields: vec![],
            reasons: vec![],
        };
        let Some(token) = row.token.as_deref() else { return (taken, vec![]) };
        let letter = parse_token(token).and_then(|number| self.known.get(&number));
        let Some(letter) = letter else {
            taken.outcome = SheetRowOutcome::Unknown;
            return (taken, vec![]);
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
                    return (taken, values);
                }
            }
        };
        (taken, vec![])
    }

    /// Returns the values that differ from the letter's; `None` if one of these cells cannot be relied on, or the letter's raw
    /// record cannot be read now.
    fn find_corrections(&self, letter: &SheetLetter, row: &HandedRow) -> Option<Vec<(String, String)>> {
        let (fields, texts) = self.current.get(&letter.letter.dead_letter)?;
        let mut values = vec![];
        for (nth, field) in self.fields.iter().enumerate() {
            let Some(slot) = fields.iter().position(|of| of == field) else { continue };
            if !self.present[nth] {
                continue;
            }
            let before = texts[slot].as_deref().map(to_cell).unwrap_or_default();
            let handed = row.texts.get(nth).cloned().flatten().unwrap_or_default();
            if before == handed {
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

/// Stores the corrections of a sheet with one entry in the audit log.
async fn store_corrections(
    runtime: &Runtime,
    act: Act<'_>,
    file: &str,
    source: &str,
    known: &HashMap<i64, SheetLetter>,
    judged: &[(RowTaken, Vec<(String, String)>)],
) -> Result<(), OperationError> {
    let opened = runtime.database_handle();
    let corrected: Vec<_> = judged
        .iter()
        .filter_map(|(row, values)| Some((&known.get(&row.dead_letter?)?.letter, values)))
        .flat_map(|(letter, values)| values.iter().map(move |(field, value)| (letter, field.as_str(), value.as_str())))
        .collect();
    if corrected.is_empty() {
        return Ok(());
    }
    let mut tx = opened.db.begin().await?;
    for some in corrected.chunks(LETTERS) {
        corrections::write_corrections(&mut tx, &opened.keys, some, act.to_author()).await?;
    }
    let letters: BTreeSet<i64> = corrected.iter().map(|(letter, ..)| letter.dead_letter).collect();
    let fields: BTreeSet<&str> = corrected.iter().map(|(_, field, _)| *field).collect();
    let detail = json!({ "file": file, "count": letters.len(), "fields": fields });
    let entry = AuditEntry { action: "dead_letter.correct", object: format!("source {source}"), detail };
    Ok(act.commit_with_audit(tx, &opened, entry).await?)
}
