//! Correction sheets: a source's faulty rows are exported as a workbook, corrected by the sender, and handed in again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use huiliu_messages::{Language, Message, SystemError, said_in_english};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{Act, AuditEntry};
use super::corrections::CorrectionRefused;
use super::error::OperationError;
use super::filters;
use super::registry_access::RegistryAccess;
use crate::correction_sheet::{self, MAX_ROWS, SheetRow, SheetTable, SheetTables};
use crate::protected_zip::{self, ProtectedZip};
use crate::raw_record::{self, SentRecord, SentRecords};
use crate::runtime::Runtime;
use huiliu_decode::Problem;
use huiliu_decode::sent::SentHeader;
use huiliu_platform::files::MAX_FILE_BYTES;
use huiliu_store::admin::letters::{self, LetterFilter};
use huiliu_store::delivery::corrections::{self, CorrectedValues, RawOfLetter, SheetLetter};
use huiliu_store::delivery::sheet_rows::{self, SheetBatch};
use huiliu_store::{Db, StoreError};
use huiliu_vault::keys::Keys;

/// Letters that are looked up or written together.
pub(super) const LETTERS: usize = 5_000;
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
    /// The payloads of the letters have more rows than a sheet may have.
    #[serde(rename = "sheet.too_many_rows")]
    TooManyRows { rows: usize, max: usize },
    /// None of the raw records can be read now; `why` is the reason of the first.
    #[serde(rename = "sheet.unreadable")]
    Unreadable { why: Message },
    /// The file is not a correction sheet, or its hidden column is gone.
    #[serde(rename = "sheet.unknown")]
    NotASheet { file: String, column: &'static str },
    /// There is more in the rows than a workbook holds.
    #[serde(rename = "sheet.too_large")]
    TooLarge { why: String },
    /// The rows stand below different headers, and a text has only one.
    #[serde(rename = "sheet.tables")]
    SeveralTables {
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        tables: usize,
    },
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
            Self::TooManyRows { .. } => "sheet.too_many_rows",
            Self::Unreadable { .. } => "sheet.unreadable",
            Self::NotASheet { .. } => "sheet.unknown",
            Self::TooLarge { .. } => "sheet.too_large",
            Self::SeveralTables { .. } => "sheet.tables",
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
    /// Number of rows.
    pub rows: usize,
    /// Number of rows with a dead letter: all of them, unless all rows were asked for.
    pub faulty_rows: usize,
    /// Number of tables: one for each header that the rows were received below.
    pub tables: usize,
    /// Dead letters without a row, because today's manifest cannot read what was received.
    pub left_out: Vec<i64>,
    /// What opens the file, if it is protected. It is stored nowhere.
    pub password: Option<String>,
}

/// The file that a correction sheet becomes. If its name ends in `.csv` it is a text, else a workbook.
#[derive(Debug, Clone, Copy)]
pub struct NewSheet<'s> {
    /// Where. No file may be there.
    pub file: &'s Path,
    /// Language of the sentences.
    pub language: Language,
    /// Whether the workbook is put into a ZIP archive that only a new password opens.
    pub protect: bool,
    /// Whether all rows of the payloads concerned are written, also those without a fault.
    pub all_rows: bool,
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
    let selected = corrections::list_for_sheet(&opened.db, of).await?;
    let streams: BTreeSet<&str> = selected.iter().map(SheetLetter::stream).collect();
    let stream = match streams.iter().copied().collect::<Vec<_>>()[..] {
        [] => return Err(CorrectionRefused::Nothing.into()),
        [only] => only.to_owned(),
        _ => {
            return Err(SheetRefused::WhichStream { streams: streams.into_iter().map(str::to_owned).collect() }.into());
        }
    };
    let whole = if new.all_rows { list_whole_batches(&opened.db, &selected).await? } else { vec![] };
    let all = if new.all_rows { sheet_rows::list_letters_in(&opened.db, &whole).await? } else { selected };
    let mut read = read_current(runtime, &all, &whole).await?;
    let fields = std::mem::take(&mut read.fields);
    if let (true, Some(why)) = (read.rows.is_empty(), read.unreadable.take()) {
        return Err(SheetRefused::Unreadable { why }.into());
    }
    let (tables, left_out) = sort_rows(&opened.keys, &all, &whole, read);
    let rows = tables.iter().map(|table| table.rows.len()).sum();
    let faulty_rows = all.len() - left_out.len();
    let is_text = !new.protect && new.file.extension().is_some_and(|of| of.eq_ignore_ascii_case("csv"));
    let sheet = if is_text {
        let ([table], Some(letter)) = (&tables[..], all.first()) else {
            return Err(SheetRefused::SeveralTables { file: new.file.to_owned(), tables: tables.len() }.into());
        };
        let form = raw_record::read_text_form(&runtime.delivery, letter.batch).await?;
        correction_sheet::write_text(table, &fields, form, new.language)
    } else {
        correction_sheet::write_workbook(&stream, &fields, &tables, new.language)
            .map_err(|e| SheetRefused::TooLarge { why: e.to_string() })?
    };
    let (content, password) = if new.protect {
        let ProtectedZip { bytes, password } = protected_zip::protect(&workbook_name(new.file), &sheet)
            .map_err(|why| SheetRefused::Unwritable { file: new.file.to_owned(), why: why.into() })?;
        (bytes, Some(password))
    } else {
        (sheet, None)
    };
    let detail = json!({ "filter": of, "count": rows, "faulty": faulty_rows, "protected": new.protect });
    let object = of.source.as_ref().map_or_else(|| "dead letter".to_owned(), |source| format!("source {source}"));
    // No sheet is left behind without its entry.
    let mut tx = opened.db.begin().await?;
    act.append_audit(&mut tx, &opened.keys, AuditEntry { action: "dead_letter.export", object, detail }).await?;
    create_file(new.file, &content)?;
    tx.commit().await.inspect_err(|_| drop(std::fs::remove_file(new.file)))?;
    Ok(SheetMade { stream, rows, faulty_rows, tables: tables.len(), left_out, password })
}

/// Sorts the rows below their headers, in the order in which they were received. Returns also the letters without a row.
fn sort_rows(keys: &Keys, all: &[SheetLetter], whole: &[SheetBatch], read: CurrentRows) -> (Vec<SheetTable>, Vec<i64>) {
    let CurrentRows { headers, rows: mut of_letters, others, .. } = read;
    let mut left_out = vec![];
    let mut sorted: BTreeMap<(i64, u32), (usize, SheetRow)> = BTreeMap::new();
    let mut add = |place: (i64, u32), row: CurrentRow, token: String, reasons: Vec<Problem>| {
        let CurrentRow { header, address, cells, texts, .. } = row;
        sorted.insert(place, (header, SheetRow { token, address, cells, texts, reasons }));
    };
    for letter in all {
        match of_letters.remove(&letter.letter.dead_letter) {
            Some(row) => add((letter.batch, letter.index), row, letter.row_token(keys), letter.reasons.clone()),
            None => left_out.push(letter.letter.dead_letter),
        }
    }
    let batches: HashMap<i64, &SheetBatch> = whole.iter().map(|of| (of.batch, of)).collect();
    for (place, OtherRow { row, raw_digest }) in others {
        if let Some(batch) = batches.get(&place.0) {
            add(place, row, batch.row_token(keys, place.1, &raw_digest), vec![]);
        }
    }
    let mut tables = SheetTables::default();
    for (header, row) in sorted.into_values() {
        if let Some(header) = headers.get(header) {
            tables.push(header, row);
        }
    }
    (tables.into_tables(), left_out)
}

/// Lists all batches of the payloads in which letters were received last.
async fn list_whole_batches(db: &Db, letters: &[SheetLetter]) -> Result<Vec<SheetBatch>, OperationError> {
    let of_letters: BTreeSet<i64> = letters.iter().map(|letter| letter.batch).collect();
    let of_letters: Vec<i64> = of_letters.into_iter().collect();
    let whole = sheet_rows::list_batches_of_payloads(db, &of_letters).await?;
    check_size(&whole)?;
    Ok(whole)
}

/// Refuses batches with more rows than a sheet may have.
pub(super) fn check_size(whole: &[SheetBatch]) -> Result<(), SheetRefused> {
    let rows = usize::try_from(whole.iter().map(|of| of.records).sum::<i64>()).unwrap_or(usize::MAX);
    if rows > MAX_ROWS { Err(SheetRefused::TooManyRows { rows, max: MAX_ROWS }) } else { Ok(()) }
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

/// A raw record as received, and with the corrections that hold.
pub(super) struct CurrentRow {
    /// Its header's position in [`CurrentRows::headers`].
    pub header: usize,
    /// Where it stands.
    pub address: String,
    /// The texts of all its cells.
    pub cells: Vec<String>,
    /// The texts at the fields, as received.
    pub received: Vec<Option<String>>,
    /// The texts at the fields, with the corrections that hold.
    pub texts: Vec<Option<String>>,
    /// Whether there are any.
    pub is_corrected: bool,
}

impl CurrentRow {
    /// `headers` is the number of headers before those of its batch.
    fn new(sent: SentRecord, headers: usize, fields: &[String], corrected: Option<&CorrectedValues>) -> Self {
        let SentRecord { header, address, texts: received, cells, .. } = sent;
        let mut texts = received.clone();
        for (field, value) in corrected.into_iter().flatten() {
            if let Some(slot) = fields.iter().position(|of| of == field) {
                texts[slot] = Some(value.clone());
            }
        }
        Self { header: headers + header, address, cells, received, texts, is_corrected: corrected.is_some() }
    }
}

/// A row without an open dead letter.
pub(super) struct OtherRow {
    /// The row.
    pub row: CurrentRow,
    /// The keyed digest of its raw bytes.
    pub raw_digest: [u8; 16],
}

/// The raw records of letters with the corrections that hold.
#[derive(Default)]
pub(super) struct CurrentRows {
    /// The raw fields.
    pub fields: Vec<String>,
    /// The headers of their tables.
    pub headers: Vec<SentHeader>,
    /// Raw records by letter.
    pub rows: HashMap<i64, CurrentRow>,
    /// The other rows of whole batches, by batch and position in the payload.
    pub others: BTreeMap<(i64, u32), OtherRow>,
    /// Why the first payload that cannot be read now cannot be read.
    pub unreadable: Option<Message>,
    /// The batches that cannot be read now.
    pub unreadable_batches: BTreeSet<i64>,
}

/// Reads the raw records of letters of one stream, and all other rows of the batches in `whole`.
pub(super) async fn read_current(
    runtime: &Runtime,
    all: &[SheetLetter],
    whole: &[SheetBatch],
) -> Result<CurrentRows, OperationError> {
    let mut current = CurrentRows::default();
    let mut of_batches: BTreeMap<i64, Vec<&SheetLetter>> = whole.iter().map(|of| (of.batch, vec![])).collect();
    let whole: HashMap<i64, &SheetBatch> = whole.iter().map(|of| (of.batch, of)).collect();
    for letter in all {
        of_batches.entry(letter.batch).or_default().push(letter);
    }
    for (batch, of_batch) in of_batches {
        let of_letters = of_batch.iter().filter_map(|letter| Some((letter.index, letter.digests()?.0))).collect();
        let wanted = (!whole.contains_key(&batch)).then_some(&of_letters);
        let SentRecords { fields, headers, mut records } =
            match raw_record::read_sent(&runtime.delivery, batch, wanted).await {
                Ok(read) => read,
                Err(StoreError::Unreadable(why)) => {
                    current.unreadable.get_or_insert_with(|| Message::new(&why));
                    current.unreadable_batches.insert(batch);
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
        let corrected = match asked.as_slice() {
            [] => HashMap::new(),
            asked => corrections::load_for_raw(db, keys, source, stream, asked).await?,
        };
        for letter in of_batch {
            let is_same = |of: &SentRecord| letter.digests().is_some_and(|(digest, _)| *digest == of.raw_digest);
            if !records.get(&letter.index).is_some_and(is_same) {
                continue;
            }
            let Some(record) = records.remove(&letter.index) else { continue };
            let row = CurrentRow::new(record, current.headers.len(), &fields, corrected.get(&letter.index));
            current.rows.insert(letter.letter.dead_letter, row);
        }
        if let Some(SheetBatch { source_id, stream, .. }) = whole.get(&batch).filter(|_| !records.is_empty()) {
            let bytes: Vec<(u32, [u8; 16])> = records.iter().map(|(index, of)| (*index, of.raw_digest)).collect();
            let corrected = corrections::load_for_bytes(db, keys, *source_id, stream, &bytes).await?;
            for (index, record) in records {
                let raw_digest = record.raw_digest;
                let row = CurrentRow::new(record, current.headers.len(), &fields, corrected.get(&index));
                current.others.insert((batch, index), OtherRow { row, raw_digest });
            }
        }
        current.headers.extend(headers);
        current.fields = fields;
    }
    Ok(current)
}
