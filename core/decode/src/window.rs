//! Which rows of a workbook are given: all of them, or, where they are too many, the top of each sheet and the records of a
//! window. Part of unpacking, see [`crate::unpack`].
//!
//! A batch is 5,000 records. A process per batch that reads a sheet of a million rows from its beginning would read it 209
//! times; so a window is as much text as the parent can keep, several batches of it, and what stands before it is counted
//! without being written. Rows are not kept in derived payloads: then what was received would be held twice.

use std::fmt::Write as _;

use huiliu_office::{Cell, CellAddress};
use serde::{Deserialize, Serialize};

use crate::cells::MAX_COLUMNS;
use crate::parts::{Head, Shown};
use crate::table::{self, Mark};
use crate::unpack::{MAX_UNPACKED, UnpackError, printable};
use crate::{decode, workbook};
use huiliu_manifest::Layout;

/// Bytes of text in a window, once the records that are asked for are in it.
pub(crate) const ROOM: usize = 16 << 20;
/// The most records of a batch; that many must fit into [`MAX_UNPACKED`].
const BATCH: u32 = 5_000;

/// The records that are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// How records are told from other rows.
    pub layout: Layout,
    /// The first one.
    pub first: u32,
    /// At least so many.
    pub least: u32,
    /// Whether those behind the window are counted, and checked, too.
    pub count: bool,
}

/// What is unpacked.
#[derive(Debug)]
pub(super) struct Out<'t> {
    /// The parts.
    pub text: String,
    /// The most bytes of it.
    most: usize,
    /// The window; without one every row is given.
    window: Option<&'t Window>,
    /// Records of the window's payload so far.
    seen: u32,
    /// Records that are given so far.
    given: u32,
    /// Bytes of the batch that the last record is of.
    batch: usize,
}

impl<'t> Out<'t> {
    /// Takes all rows, up to so many bytes.
    pub fn all(most: usize) -> Self {
        Self { text: String::new(), most, window: None, seen: 0, given: 0, batch: 0 }
    }

    /// Takes the rows of a window.
    pub fn of(window: &'t Window) -> Self {
        Self { window: Some(window), ..Self::all(MAX_UNPACKED) }
    }

    /// Whether nothing more is wanted, with so many bytes that are not appended yet.
    pub fn is_done(&self, more: usize) -> bool {
        self.window.is_some_and(|window| self.is_full(window, more) && !window.count)
    }

    /// Whether a file must not be looked through for what no file may have: it was when it landed.
    pub fn is_known(&self) -> bool {
        self.window.is_some_and(|window| !window.count)
    }

    /// Whether the merged cells of sheets are asked for. They stand behind the rows, and only headers of two rows need them.
    pub fn wants_merged(&self) -> bool {
        self.window.is_none_or(|window| window.layout.header_rows.0 == 2)
    }

    /// Appends a part.
    ///
    /// # Errors
    /// [`UnpackError::Size`].
    pub fn part(&mut self, head: Head<'_>, text: &str) -> Result<(), UnpackError> {
        head.write(text, &mut self.text);
        self.fits(0)
    }

    /// Tells that what comes next is left off.
    ///
    /// # Errors
    /// [`UnpackError::Size`].
    pub fn leave(&mut self) -> Result<(), UnpackError> {
        self.part(Head { shown: Some(Shown::default()), ..Head::default() }, "")
    }

    fn fits(&self, more: usize) -> Result<(), UnpackError> {
        if self.text.len() + more > self.most { Err(UnpackError::Size { max: self.most }) } else { Ok(()) }
    }

    /// With so many bytes that are not appended yet.
    fn is_full(&self, window: &Window, more: usize) -> bool {
        self.given >= window.least && self.text.len() + more > ROOM
    }
}

/// The rows of a sheet as they are read.
pub(super) struct Rows<'o, 't> {
    sheet: &'o str,
    head: Head<'o>,
    out: &'o mut Out<'t>,
    text: String,
    row: Option<u32>,
    cells: Cells,
    /// The cell that is read, as JSON, and then the row: their room is used again for the next one.
    scratch: String,
    /// The row's first text and its column.
    first: Option<(u32, String)>,
    /// Where the row before the header begins in the text, while none is found.
    above: Option<usize>,
    headed: bool,
    shown: Shown,
    /// Records so far.
    records: u32,
    /// Whether the sheet's records are over.
    ended: bool,
    /// Whether it was left before that.
    is_left: bool,
}

impl<'o, 't> Rows<'o, 't> {
    /// Of this sheet.
    pub fn new(sheet: &'o str, head: Head<'o>, out: &'o mut Out<'t>) -> Self {
        let (text, scratch, cells, shown) = (String::new(), String::new(), Cells::default(), Shown::default());
        let (row, first, above) = (None, None, None);
        let (headed, ended, is_left) = (false, false, false);
        Self { sheet, head, out, text, row, cells, scratch, first, above, headed, shown, records: 0, ended, is_left }
    }

    /// Takes a cell; false when no more of the sheet is wanted.
    ///
    /// # Errors
    /// [`UnpackError`].
    pub fn take(&mut self, address: CellAddress, cell: &dyn Cell) -> Result<bool, UnpackError> {
        let CellAddress { row, column } = address;
        if self.row != Some(row) {
            self.end_row()?;
            self.is_left = !self.ended && self.out.is_done(self.text.len());
            if self.ended || self.is_left {
                return Ok(false);
            }
            self.row = Some(row);
        }
        let passing = self.is_passing();
        if passing && self.first.as_ref().is_some_and(|(at, _)| *at < column) {
            return Ok(true);
        }
        self.scratch.clear();
        if !cell.write_json(&mut self.scratch) {
            return Ok(true);
        }
        if column >= MAX_COLUMNS {
            let sheet = printable(self.sheet);
            return Err(UnpackError::Columns { sheet, column: column.saturating_add(1), max: MAX_COLUMNS });
        }
        if self.out.window.is_some() && self.first.as_ref().is_none_or(|(at, _)| *at >= column) {
            let text = workbook::text_of(&self.scratch).unwrap_or_default();
            if !text.trim().is_empty() {
                self.first = Some((column, text.into_owned()));
            }
        }
        if !passing {
            self.cells.put(column as usize, &self.scratch);
        }
        Ok(true)
    }

    /// Whether the row that is read is only counted.
    fn is_passing(&self) -> bool {
        self.headed && self.out.window.is_some_and(|window| !window.count && self.out.seen < window.first)
    }

    fn end_row(&mut self) -> Result<(), UnpackError> {
        let Some(row) = self.row.take() else { return Ok(()) };
        let first = self.first.take();
        let mut line = std::mem::take(&mut self.scratch);
        self.cells.drain_into(row.saturating_add(1), &mut line);
        match self.out.window {
            None => self.text.push_str(&line),
            Some(window) if !self.headed => self.above_header(&window.layout, &line),
            Some(window) => match table::mark(first.iter().map(|(_, text)| text.as_str()), &window.layout) {
                Mark::Record => self.record(window, &line)?,
                Mark::Left => {}
                Mark::End => self.ended = true,
            },
        }
        self.scratch = line;
        self.out.fits(self.text.len())
    }

    /// A row that stands above the header, or is it.
    fn above_header(&mut self, layout: &Layout, line: &str) {
        let here = self.text.len();
        self.text.push_str(line);
        let from = if layout.header_rows.0 == 2 { self.above.unwrap_or(here) } else { here };
        self.headed = self.text.get(from..).is_some_and(|rows| workbook::has_header(rows, &self.head, layout));
        self.above = Some(here);
        // No office writes so much above a header: the reader says that there is none.
        self.ended = !self.headed && self.text.len() > ROOM;
    }

    fn record(&mut self, window: &Window, line: &str) -> Result<(), UnpackError> {
        let index = self.out.seen;
        self.records += 1;
        self.out.seen = decode::counted(index, line.len().saturating_sub(16))
            .map_err(|why| UnpackError::Text { name: printable(self.sheet), why: Box::new(why) })?;
        self.out.batch = if index.is_multiple_of(BATCH) { line.len() } else { self.out.batch + line.len() };
        if self.out.batch > MAX_UNPACKED / 2 {
            let (sheet, max) = (printable(self.sheet), MAX_UNPACKED / 2);
            return Err(UnpackError::RecordsTooLarge { sheet, records: BATCH, record: index, max });
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

    /// The sheet becomes a part.
    ///
    /// # Errors
    /// [`UnpackError`].
    pub fn end(mut self) -> Result<(), UnpackError> {
        self.end_row()?;
        let records = (!self.is_left).then_some(self.records);
        self.head.shown = self.out.window.map(|_| Shown { records, ..self.shown });
        self.out.part(self.head, &self.text)
    }
}

/// The cells of a row as JSON; their room is used again for the next one.
#[derive(Debug, Default)]
struct Cells {
    json: Vec<String>,
    /// How many of them are this row's.
    width: usize,
}

impl Cells {
    fn put(&mut self, column: usize, json: &str) {
        while self.width < column {
            self.write(self.width, "null");
            self.width += 1;
        }
        self.write(column, json);
        self.width = self.width.max(column + 1);
    }

    fn write(&mut self, column: usize, json: &str) {
        if self.json.len() <= column {
            self.json.resize(column + 1, String::new());
        }
        self.json[column].clear();
        self.json[column].push_str(json);
    }

    /// The line of a row, from 1; afterwards no cell is there.
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
