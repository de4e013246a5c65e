//! Decides which rows of a workbook are unpacked: all of them, or, if there are too many, the top of each sheet and the
//! records of a window. Part of unpacking, see [`crate::unpack`].
//!
//! A batch is 5,000 records. If a process per batch read a sheet of a million rows from its beginning, the sheet would
//! be read 209 times. So a window is as much text as the parent can keep, which is several batches, and the rows before
//! it are counted without being written. The rows are not stored as derived payloads, because then the received data
//! would be stored twice.

use std::fmt::Write as _;

use huiliu_office::{Cell, CellAddress};
use serde::{Deserialize, Serialize};

use crate::cells::MAX_COLUMNS;
use crate::parts::{Head, RecordSpan};
use crate::table::{self, BodyRow, HeaderColumns};
use crate::unpack::{MAX_UNPACKED, UnpackError, redact_name};
use crate::{decode, workbook};
use huiliu_manifest::Layout;

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

/// Output of unpacking.
#[derive(Debug)]
pub(super) struct UnpackOutput<'t> {
    /// Unpacked parts, in the form that [`crate::parts`] describes.
    pub text: String,
    /// Maximum length of `text` in bytes.
    most: usize,
    /// The window; `None` unpacks every row.
    window: Option<&'t Window>,
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
        Self { text: String::new(), most, window: None, seen: 0, given: 0, batch: 0 }
    }

    /// Makes an output for the rows of a window.
    pub fn for_window(window: &'t Window) -> Self {
        Self { window: Some(window), ..Self::with_limit(MAX_UNPACKED) }
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
    header: Option<HeaderColumns>,
    /// Whether the current row begins with a marker, so that its other cells count.
    marked: bool,
    shown: RecordSpan,
    /// Number of records so far.
    records: u32,
    /// Whether the sheet's table has ended.
    ended: bool,
    /// Whether reading stopped before the table ended.
    is_left: bool,
}

impl<'o, 't> Rows<'o, 't> {
    /// Makes a collector for this sheet.
    pub fn new(sheet: &'o str, head: Head<'o>, out: &'o mut UnpackOutput<'t>) -> Self {
        let (text, scratch, cells, shown) = (String::new(), String::new(), Cells::default(), RecordSpan::default());
        let (row, first, above) = (None, None, None);
        let (header, marked, ended, is_left) = (None, false, false, false);
        Self {
            sheet,
            head,
            out,
            text,
            row,
            cells,
            scratch,
            first,
            above,
            header,
            marked,
            shown,
            records: 0,
            ended,
            is_left,
        }
    }

    /// Takes a cell. Returns false if no more of the sheet is needed.
    ///
    /// # Errors
    /// Returns [`UnpackError`] if a limit is exceeded.
    pub fn take_cell(&mut self, address: CellAddress, cell: &dyn Cell) -> Result<bool, UnpackError> {
        let CellAddress { row, column } = address;
        if self.row != Some(row) || self.has_cell(column) {
            self.end_row()?;
            self.is_left = !self.ended && self.out.is_done(self.text.len());
            if self.ended || self.is_left {
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
        if let Some(window) = self.out.window
            && self.first.as_ref().is_none_or(|(at, _)| *at >= column)
        {
            let text = workbook::parse_cell_text(&self.scratch).unwrap_or_default();
            if !text.trim().is_empty() {
                self.marked = table::may_be_marked(&text, &window.layout);
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
        self.header.is_some() && self.out.window.is_some_and(|window| !window.count && self.out.seen < window.first)
    }

    fn end_row(&mut self) -> Result<(), UnpackError> {
        let Some(row) = self.row.take() else { return Ok(()) };
        let (first, marked) = (self.first.take(), std::mem::take(&mut self.marked));
        let mut line = std::mem::take(&mut self.scratch);
        self.cells.drain_into(row.saturating_add(1), &mut line);
        match (self.out.window, &self.header) {
            (None, _) => self.text.push_str(&line),
            (Some(window), None) => self.take_header_row(&window.layout, &line),
            (Some(_), Some(_)) if first.is_none() => {}
            (Some(window), Some(_)) if !marked => self.take_record(window, &line)?,
            (Some(window), Some(header)) => match workbook::classify_line(&line, &window.layout, header) {
                BodyRow::Record => self.take_record(window, &line)?,
                BodyRow::Left => {}
                BodyRow::End => self.ended = true,
            },
        }
        self.scratch = line;
        self.out.check_size(self.text.len())
    }

    /// Takes a row that is above the header, or is the header.
    fn take_header_row(&mut self, layout: &Layout, line: &str) {
        let here = self.text.len();
        self.text.push_str(line);
        let from = if layout.header_rows.0 == 2 { self.above.unwrap_or(here) } else { here };
        self.header = self.text.get(from..).and_then(|rows| workbook::find_header_columns(rows, &self.head, layout));
        self.above = Some(here);
        // No office writes this much above a header. The reader then reports that there is none.
        self.ended = self.header.is_none() && self.text.len() > ROOM;
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
        self.out.append_part(self.head, &self.text)
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
