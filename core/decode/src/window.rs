//! Decides which rows of a workbook are unpacked: all of them, or, if there are too many, the top of each sheet and the
//! records of a window. Part of unpacking, see [`crate::unpack`].
//!
//! A batch is 5,000 records. If a process per batch read a sheet of a million rows from its beginning, the sheet would
//! be read 209 times. So a window is as much text as the parent can keep, which is several batches, and the rows before
//! it are counted without being written. The rows are not stored as derived payloads, because then the received data
//! would be stored twice.

use std::borrow::Cow;
use std::fmt::Write as _;

use huiliu_office::{Cell, CellAddress, HiddenParts};
use serde::{Deserialize, Serialize};

use crate::accounting::{LeftOut, TableCount};
use crate::cells::MAX_COLUMNS;
use crate::parts::{Head, RecordSpan};
use crate::table::{LikelyRows, TableReader, TableRow};
use crate::unpack::{MAX_UNPACKED, UnpackError, redact_name};
use crate::{decode, workbook};
use huiliu_manifest::{Layout, matches_name_pattern};

/// Size of a window in bytes of text, once it contains the requested records.
pub(crate) const ROOM: usize = 16 << 20;
/// Maximum number of records in a batch; that many must fit into [`MAX_UNPACKED`].
const BATCH: u32 = 5_000;

/// The records to unpack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Layout that distinguishes records from other rows.
    pub layout: Layout,
    /// Index of the first record.
    pub first: u32,
    /// Minimum number of records.
    pub least: u32,
    /// Whether the records after the window are also counted and checked.
    pub count: bool,
}

/// How the sheets that are not read are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherSheets {
    /// Layout by which rows that look like records are found.
    pub layout: Layout,
    /// Name patterns of the sheets that may be left out without notice.
    pub ignored: Vec<String>,
    /// Whether they are only named, because counting their rows took too much memory or time.
    pub only_named: bool,
}

impl OtherSheets {
    /// Returns why a sheet is not read.
    pub(super) fn reason_for(&self, sheet: &str) -> LeftOut {
        let is_ignored = self.ignored.iter().any(|pattern| matches_name_pattern(pattern, sheet.trim()));
        if is_ignored { LeftOut::Ignored } else { LeftOut::Pattern }
    }
}

/// Output of unpacking.
#[derive(Debug)]
pub(super) struct UnpackOutput<'t> {
    /// Unpacked parts, in the form that [`crate::parts`] describes.
    pub text: String,
    /// Maximum length of `text` in bytes.
    most: usize,
    /// The window; `None` unpacks every row.
    window: Option<&'t Window>,
    /// How the sheets that are not read are counted; `None` if they are not.
    pub others: Option<&'t OtherSheets>,
    /// Number of records of the payload seen so far.
    seen: u32,
    /// Number of records written so far.
    given: u32,
    /// Number of bytes in the batch of the last record.
    batch: usize,
}

impl<'t> UnpackOutput<'t> {
    /// Makes an output for all rows, of at most `most` bytes.
    pub fn with_limit(most: usize) -> Self {
        Self { text: String::new(), most, window: None, others: None, seen: 0, given: 0, batch: 0 }
    }

    /// Makes an output for the rows of a window.
    pub fn for_window(window: &'t Window) -> Self {
        Self { window: Some(window), ..Self::with_limit(MAX_UNPACKED) }
    }

    /// Makes an output that also counts the sheets that are not read.
    pub fn with_others(self, others: Option<&'t OtherSheets>) -> Self {
        Self { others, ..self }
    }

    /// Returns whether nothing more is needed; `more` is the number of bytes that are not appended yet.
    pub fn is_done(&self, more: usize) -> bool {
        self.window.is_some_and(|window| self.is_full(window, more) && !window.count)
    }

    /// Returns whether the file was already checked for forbidden content, when it landed.
    pub fn is_known(&self) -> bool {
        self.window.is_some_and(|window| !window.count)
    }

    /// Returns whether the merged cells of sheets are needed. They are stored after the rows, and only two-row headers
    /// need them.
    pub fn wants_merged(&self) -> bool {
        self.window.is_none_or(|window| window.layout.header_rows.0 == 2)
    }

    /// Returns whether everything in the file is accounted for, so that hidden rows and columns are told.
    pub fn wants_hidden(&self) -> bool {
        self.others.is_some()
    }

    /// Appends a part.
    ///
    /// # Errors
    /// Returns [`UnpackError::Size`] if the output is too large.
    pub fn append_part(&mut self, head: Head<'_>, text: &str) -> Result<(), UnpackError> {
        head.write_part(text, &mut self.text);
        self.check_size(0)
    }

    /// Appends an empty part that says that everything after it was left out.
    ///
    /// # Errors
    /// Returns [`UnpackError::Size`] if the output is too large.
    pub fn append_end_mark(&mut self) -> Result<(), UnpackError> {
        self.append_part(Head { shown: Some(RecordSpan::default()), ..Head::default() }, "")
    }

    fn check_size(&self, more: usize) -> Result<(), UnpackError> {
        if self.text.len() + more > self.most { Err(UnpackError::Size { max: self.most }) } else { Ok(()) }
    }

    /// Returns whether the window is full; `more` is the number of bytes that are not appended yet.
    fn is_full(&self, window: &Window, more: usize) -> bool {
        self.given >= window.least && self.text.len() + more > ROOM
    }
}

/// Collects the rows of a sheet as they are read.
pub(super) struct Rows<'o, 't> {
    sheet: &'o str,
    head: Head<'o>,
    out: &'o mut UnpackOutput<'t>,
    text: String,
    row: Option<u32>,
    cells: Cells,
    /// Buffer for the current cell as JSON, and then for the row; reused for the next one.
    scratch: String,
    /// Column and text of the row's first cell that is not blank.
    first: Option<(u32, String)>,
    /// Offset in `text` of the row before the current one, until the header is found.
    above: Option<usize>,
    /// Reads the rows below the header, once it is found.
    reader: Option<TableReader<'t>>,
    /// Number of rows above the header, and those that look like records.
    titles: u64,
    likely: Option<LikelyRows<'t>>,
    /// Number of the last row, from 1, and of the rows that are not empty.
    last: u32,
    present: u32,
    /// What a spreadsheet does not show, the rows of it that are not empty, and the width of the widest row.
    hidden: HiddenParts,
    hidden_rows: u64,
    width: usize,
    /// Whether the current row must be read in full.
    marked: bool,
    shown: RecordSpan,
    /// Number of records so far.
    records: u32,
    /// Whether reading stopped before the sheet ended.
    is_left: bool,
}

impl<'o, 't> Rows<'o, 't> {
    /// Makes a collector for this sheet.
    pub fn new(sheet: &'o str, head: Head<'o>, out: &'o mut UnpackOutput<'t>) -> Self {
        Self {
            sheet,
            head,
            out,
            text: String::new(),
            row: None,
            cells: Cells::default(),
            scratch: String::new(),
            first: None,
            above: None,
            reader: None,
            titles: 0,
            likely: None,
            last: 0,
            present: 0,
            hidden: HiddenParts::default(),
            hidden_rows: 0,
            width: 0,
            marked: false,
            shown: RecordSpan::default(),
            records: 0,
            is_left: false,
        }
    }

    /// Sets which rows and columns a spreadsheet does not show.
    pub fn with_hidden(self, hidden: HiddenParts) -> Self {
        Self { hidden, ..self }
    }

    /// Takes a cell. Returns false if no more of the sheet is needed.
    ///
    /// # Errors
    /// Returns [`UnpackError`] if a limit is exceeded.
    pub fn take_cell(&mut self, address: CellAddress, cell: &dyn Cell) -> Result<bool, UnpackError> {
        let CellAddress { row, column } = address;
        if self.row != Some(row) || self.has_cell(column) {
            self.end_row()?;
            self.is_left = self.out.is_done(self.text.len());
            if self.is_left {
                return Ok(false);
            }
            self.row = Some(row);
        }
        let passing = self.is_passing() && !self.marked;
        if passing && self.first.as_ref().is_some_and(|(at, _)| *at < column) {
            return Ok(true);
        }
        self.scratch.clear();
        if !cell.write_json(&mut self.scratch) {
            return Ok(true);
        }
        if column >= MAX_COLUMNS {
            let sheet = redact_name(self.sheet);
            return Err(UnpackError::Columns { sheet, column: column.saturating_add(1), max: MAX_COLUMNS });
        }
        if self.out.window.is_some() && self.first.as_ref().is_none_or(|(at, _)| *at >= column) {
            let text = workbook::parse_cell_text(&self.scratch).unwrap_or_default();
            if !text.trim().is_empty() {
                self.marked = self.reader.as_ref().is_some_and(|reader| reader.must_classify(&text));
                self.first = Some((column, text.into_owned()));
            }
        }
        if !passing || self.marked {
            self.cells.set_cell(column as usize, &self.scratch);
        }
        Ok(true)
    }

    /// Returns whether the current row has a cell in this column already, so that another row with its number begins.
    fn has_cell(&self, column: u32) -> bool {
        self.first.as_ref().is_some_and(|(at, _)| *at == column) || self.cells.is_set(column as usize)
    }

    /// Returns whether the current row is only counted.
    fn is_passing(&self) -> bool {
        self.reader.is_some() && self.out.window.is_some_and(|window| !window.count && self.out.seen < window.first)
    }

    fn end_row(&mut self) -> Result<(), UnpackError> {
        let Some(row) = self.row.take() else { return Ok(()) };
        let (first, marked) = (self.first.take(), std::mem::take(&mut self.marked));
        let mut line = std::mem::take(&mut self.scratch);
        let is_passing = self.is_passing() && !marked;
        let width = self.cells.width;
        self.cells.drain_into(row.saturating_add(1), &mut line);
        if width > 0 || is_passing && first.is_some() {
            self.last = row.saturating_add(1);
            self.present += 1;
            self.hidden_rows += u64::from(self.hidden.has_row(row));
            self.width = self.width.max(width);
        }
        match self.out.window {
            None => self.text.push_str(&line),
            Some(window) => self.take_row(window, &line, first.is_some(), marked)?,
        }
        self.scratch = line;
        self.out.check_size(self.text.len())
    }

    fn take_row(&mut self, window: &'t Window, line: &str, has_text: bool, marked: bool) -> Result<(), UnpackError> {
        let Some(reader) = &mut self.reader else {
            self.take_header_row(&window.layout, line, has_text);
            return Ok(());
        };
        let role = match (has_text, marked) {
            (true, false) => {
                reader.count_record();
                TableRow::Record
            }
            _ => workbook::classify_line(line, reader),
        };
        match role {
            TableRow::Record | TableRow::Suspect => self.take_record(window, line),
            TableRow::Change => {
                self.take_change(window, line);
                Ok(())
            }
            TableRow::Left => Ok(()),
        }
    }

    /// Takes a row that is above the header, or is the header.
    fn take_header_row(&mut self, layout: &'t Layout, line: &str, has_text: bool) {
        // No office writes this much above a header. The reader then reports that there is none.
        let is_far = self.text.len() > ROOM;
        if !is_far {
            let here = self.text.len();
            self.text.push_str(line);
            let from = if layout.header_rows.0 == 2 { self.above.unwrap_or(here) } else { here };
            self.reader = self.text.get(from..).and_then(|rows| workbook::find_reader(rows, &self.head, layout));
            self.above = Some(here);
        }
        if self.reader.is_some() {
            // The upper row of a header of two was taken for a title.
            self.titles = self.titles.saturating_sub(layout.header_rows.0 - 1);
            return;
        }
        self.titles += u64::from(has_text);
        workbook::take_likely_line(line, self.likely.get_or_insert_with(|| LikelyRows::new(layout)));
    }

    /// Takes a row that is no record and changes how the rows below are read: a reader of the window must know it.
    fn take_change(&mut self, window: &Window, line: &str) {
        if !self.out.is_full(window, self.text.len())
            && let Some((number, json)) = line.split_once('\t')
        {
            self.text.extend([number, "!\t", json]);
        }
    }

    fn take_record(&mut self, window: &Window, line: &str) -> Result<(), UnpackError> {
        let index = self.out.seen;
        self.records += 1;
        self.out.seen = decode::count_record(index, line.len().saturating_sub(16))
            .map_err(|why| UnpackError::Text { name: redact_name(self.sheet), why: Box::new(why) })?;
        self.out.batch = if index.is_multiple_of(BATCH) { line.len() } else { self.out.batch + line.len() };
        if self.out.batch > MAX_UNPACKED / 2 {
            let (sheet, max) = (redact_name(self.sheet), MAX_UNPACKED / 2);
            return Err(UnpackError::RecordsTooLarge { sheet, records: BATCH, record: index.saturating_add(1), max });
        }
        if index < window.first {
            self.shown.before += 1;
        } else if !self.out.is_full(window, self.text.len()) {
            self.shown.given += 1;
            self.out.given += 1;
            self.text.push_str(line);
        }
        Ok(())
    }

    /// Writes the sheet as a part.
    ///
    /// # Errors
    /// Returns [`UnpackError`] if a limit is exceeded.
    pub fn finish_sheet(mut self) -> Result<(), UnpackError> {
        self.end_row()?;
        let records = (!self.is_left).then_some(self.records);
        self.head.shown = self.out.window.map(|_| RecordSpan { records, ..self.shown });
        self.head.count = self.count_rows();
        self.head.hidden_rows = self.hidden_rows;
        self.head.hidden_columns = self.hidden.count_columns(u32::try_from(self.width).unwrap_or(u32::MAX)).into();
        self.out.append_part(self.head, &self.text)
    }
}

impl Rows<'_, '_> {
    fn count_likely(&self) -> u64 {
        self.likely.as_ref().map_or(0, |likely| likely.count)
    }

    /// Returns what the rows were taken for, if all of them were counted and the header was found.
    fn count_rows(&self) -> Option<TableCount> {
        self.out.window.filter(|window| window.count && !self.is_left)?;
        let count = self.reader.as_ref()?.count.clone().with_titles(self.titles, self.count_likely());
        Some(count.with_rows(u64::from(self.last)))
    }

    /// Writes an empty part that says what the rows of a sheet that is not read look like.
    ///
    /// # Errors
    /// Returns [`UnpackError::Size`] if the output is too large.
    pub fn finish_left_out(mut self, because: LeftOut, out: &mut UnpackOutput<'_>) -> Result<(), UnpackError> {
        self.end_row()?;
        let likely = if self.reader.is_none() { self.count_likely() } else { 0 };
        let found = self.count_rows().unwrap_or_default();
        let rows = u64::from(self.last);
        let blank = rows.saturating_sub(u64::from(self.present));
        let count = TableCount { rows, blank, likely: found.likely + likely, ..found };
        let name = |name: &Option<Cow<'_, str>>| name.as_deref().map(str::to_owned);
        let (member, sheet, hidden) = (name(&self.head.member), name(&self.head.sheet), self.head.hidden);
        let because = if rows == 0 && because != LeftOut::Unreadable { LeftOut::Empty } else { because };
        let count = TableCount { member, sheet, hidden, ..count.into_left_out(because) };
        out.append_part(Head { merged: vec![], shown: None, count: Some(count), ..self.head }, "")
    }
}

/// The cells of a row as JSON; the buffers are reused for the next row.
#[derive(Debug, Default)]
struct Cells {
    json: Vec<String>,
    /// Number of cells in the current row.
    width: usize,
}

impl Cells {
    fn set_cell(&mut self, column: usize, json: &str) {
        while self.width < column {
            self.overwrite_cell(self.width, "null");
            self.width += 1;
        }
        self.overwrite_cell(column, json);
        self.width = self.width.max(column + 1);
    }

    fn is_set(&self, column: usize) -> bool {
        column < self.width && self.json.get(column).is_some_and(|json| json != "null")
    }

    fn overwrite_cell(&mut self, column: usize, json: &str) {
        if self.json.len() <= column {
            self.json.resize(column + 1, String::new());
        }
        self.json[column].clear();
        self.json[column].push_str(json);
    }

    /// Writes the row's line, with its number from 1, and removes all cells.
    fn drain_into(&mut self, row: u32, line: &mut String) {
        line.clear();
        // Writing to a string cannot fail.
        let _ = write!(line, "{row}\t[");
        for (at, json) in self.json.iter().take(self.width).enumerate() {
            line.push_str(if at == 0 { "" } else { "," });
            line.push_str(json);
        }
        line.push_str("]\n");
        self.width = 0;
    }
}
