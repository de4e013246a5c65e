//! CSV files as offices write them: title lines above the header, signature lines below the records.

use std::borrow::Cow;

use csv_core::ReadRecordResult;

use crate::RecordRange;
use crate::accounting::TableCount;
use crate::cells;
use crate::chunks::Chunks;
use crate::decode::{DecodeError, Decoded, Malformed, Position, RawRecord};
use crate::problem::BrokenRecord;
use crate::sent::SentHeader;
use crate::table::{self, LikelyRows, TableReader, TableRow};
use crate::text_window::WindowCollector;
use crate::unpack::LooksLike;
use huiliu_manifest::Layout;

/// Maximum number of cells in a line.
const MAX_CELLS: usize = 1_024;
/// Maximum number of bytes in the cells of a line; a longer line has a quote that is never closed.
const MAX_LINE: usize = 1 << 20;

/// Builds the records of a range of a file, with the cells under the header names in `paths`. `left_off` is the number
/// of physical lines that were left out of the text.
///
/// # Errors
/// Returns [`DecodeError`] if there is no header, or if a line exceeds what any office writes.
pub fn decode_rows<'a>(
    text: &'a str,
    separator: u8,
    layout: &Layout,
    paths: &[&str],
    range: RecordRange,
    left_off: u64,
) -> Result<Decoded<'a>, DecodeError> {
    let mut rows = Rows::new(text, separator);
    let mut table = Table::new(layout, paths);
    let mut all = Decoded::default();
    let mut lines = LineCounter { text, counted: 0, line: 1 };
    while let Some(row) = if all.has_all(range) { None } else { rows.next(&mut lines)? } {
        let role = table.classify_row(&row)?;
        if !matches!(role, TableRow::Record | TableRow::Suspect) {
            continue;
        }
        let Some(reader) = &mut table.reader else { continue };
        all.push_record(range, row.end - row.start, |index| {
            let is_cut = row.end == text.len() && !text.ends_with('\n');
            let broken = match role {
                TableRow::Suspect => Some(reader.explain()),
                _ => describe_damage(&table.shape, &row, left_off, is_cut),
            };
            let raw = text.get(row.start..row.end).unwrap_or_default().trim_end_matches(['\r', '\n']);
            let texts = reader.columns.iter().map(|column| row.cell_text(raw, (*column)?)).collect();
            let position = Position::Line(row.line + left_off);
            RawRecord { position, broken, ..RawRecord::new(index, Cow::Borrowed(raw), texts) }
        })?;
    }
    table.require_header(text, separator)?;
    all.layout.push_table(table.into_count());
    Ok(all)
}

/// Walks over a file that is read in chunks.
///
/// # Errors
/// Returns the errors of [`decode_rows`], and those of reading the chunks.
pub(super) fn walk_rows(
    chunks: &mut Chunks<'_>,
    separator: u8,
    layout: &Layout,
    paths: &[&str],
    taken: &mut WindowCollector,
) -> Result<(), DecodeError> {
    let mut table = Table::new(layout, paths);
    let (mut text, mut line) = (String::new(), 1);
    let mut more = true;
    while more {
        more = chunks.read_more(&mut text)?;
        let mut rows = Rows::new(&text, separator);
        let mut lines = LineCounter { text: &text, counted: 0, line };
        let (mut done, mut is_cut) = (0, false);
        while let Some(row) = rows.next(&mut lines)? {
            // The row may continue in the next chunk.
            if more && row.end + 1 >= text.len() {
                is_cut = true;
                break;
            }
            let whole = text.get(done..row.end).unwrap_or_default();
            let is_above = table.reader.is_none();
            match table.classify_row(&row)? {
                _ if is_above => taken.above.push_str(whole),
                TableRow::Left => taken.take_between(whole),
                TableRow::Change => taken.take_change(whole),
                TableRow::Record | TableRow::Suspect => {
                    let (between, text) = whole.split_at(row.start - done);
                    taken.take_record(between, text, row.line)?;
                }
            }
            done = row.end;
            if taken.is_done() {
                return Ok(());
            }
        }
        if more && !is_cut {
            // Only blank lines are left. They are not looked at again with the next chunk.
            let blank = text.get(done..).unwrap_or_default();
            if table.reader.is_none() {
                taken.above.push_str(blank);
            } else {
                taken.take_between(blank);
            }
            done = text.len();
        }
        if table.reader.is_none() && taken.above.len() > MAX_LINE {
            break;
        }
        line += text.as_bytes()[..done].iter().filter(|b| **b == b'\n').count() as u64;
        text.drain(..done);
    }
    taken.is_over = true;
    table.require_header(&taken.above, separator)?;
    taken.count = Some(table.into_count());
    Ok(())
}

/// Lists the headers of a file: the first, and each below it whose columns are others. `left_off` is as in [`decode_rows`].
pub(super) fn list_headers(
    text: &str,
    separator: u8,
    layout: &Layout,
    paths: &[&str],
    left_off: u64,
) -> Result<Vec<SentHeader>, DecodeError> {
    let (mut table, mut rows) = (Table::new(layout, paths), Rows::new(text, separator));
    let mut lines = LineCounter { text, counted: 0, line: 1 };
    let (mut found, mut above): (Vec<SentHeader>, Vec<(u32, Vec<String>)>) = (vec![], vec![]);
    while let Some(row) = rows.next(&mut lines)? {
        let is_above = table.reader.is_none();
        let role = table.classify_row(&row)?;
        if is_above {
            above.push((u32::try_from(row.line - 1).unwrap_or(u32::MAX), row.copy_cells()));
        }
        let Some(reader) = &table.reader else { continue };
        let is_other = role == TableRow::Change && found.last().is_some_and(|of| of.columns != reader.columns);
        if is_above || is_other {
            let rows = if is_above { std::mem::take(&mut above) } else { vec![(0, row.copy_cells())] };
            let line = row.line + row.lines - 1 + if is_above { 0 } else { left_off };
            let columns = reader.columns.clone();
            found.push(SentHeader { name: None, line, rows, height: 1, merged: vec![], columns });
        }
    }
    Ok(found)
}

/// Returns the texts of the cells of a line.
pub(super) fn split_cells(line: &str, separator: u8) -> Vec<String> {
    let (mut rows, mut lines) = (Rows::new(line, separator), LineCounter { text: line, counted: 0, line: 1 });
    rows.next(&mut lines).ok().flatten().map_or_else(Vec::new, |row| row.copy_cells())
}

/// A table and its header, once it is found.
struct Table<'l> {
    layout: &'l Layout,
    paths: &'l [&'l str],
    /// Reads the rows below the header.
    reader: Option<TableReader<'l>>,
    shape: HeaderShape,
    /// The rows above the header.
    titles: TableCount,
    likely: LikelyRows<'l>,
    /// The blank lines so far.
    blank_lines: u64,
    /// The physical line below the row before.
    next_line: u64,
}

/// The cells of a header.
#[derive(Default)]
struct HeaderShape {
    /// Number of cells.
    width: usize,
    /// Number of cells up to the last one that has a name.
    named: usize,
}

impl<'l> Table<'l> {
    fn new(layout: &'l Layout, paths: &'l [&'l str]) -> Self {
        let (shape, titles) = (HeaderShape::default(), TableCount::default());
        let likely = LikelyRows::new(layout);
        Self { layout, paths, reader: None, shape, titles, likely, blank_lines: 0, next_line: 1 }
    }

    fn classify_row(&mut self, row: &Row<'_>) -> Result<TableRow, DecodeError> {
        self.blank_lines += row.line.saturating_sub(self.next_line);
        self.next_line = row.line + row.lines;
        let Some(reader) = &mut self.reader else {
            self.take_title(row)?;
            return Ok(TableRow::Left);
        };
        if row.torn.is_some() {
            // An unclosed quote may have swallowed records.
            reader.take_torn_row();
            return Ok(TableRow::Record);
        }
        Ok(match reader.take_row(row.iter_cells()) {
            TableRow::Change => {
                self.shape = HeaderShape::of(row.iter_cells(), self.shape.width);
                TableRow::Change
            }
            role => role,
        })
    }

    /// Reads a row that is the header, or above it.
    fn take_title(&mut self, row: &Row<'_>) -> Result<(), DecodeError> {
        let names: Vec<String> = row.iter_cells().map(table::remove_whitespace).collect();
        self.reader = TableReader::below_header(&names, vec![names.clone()], self.layout, self.paths)?;
        if self.reader.is_some() {
            self.shape = HeaderShape::of(row.iter_cells(), 0);
        } else if names.iter().all(String::is_empty) {
            self.titles.blank += 1;
        } else {
            self.titles.titles += 1;
            self.likely.take_row(row.iter_cells());
        }
        Ok(())
    }

    /// `text` has at least the first rows of the file.
    fn require_header(&self, text: &str, separator: u8) -> Result<(), DecodeError> {
        match &self.reader {
            Some(_) => Ok(()),
            None => Err(explain_missing_header(text, separator, self.layout)),
        }
    }

    /// Returns what its rows were taken for.
    fn into_count(self) -> TableCount {
        let count = self.reader.map(|reader| reader.count).unwrap_or_default();
        let TableCount { titles, blank, .. } = self.titles;
        count.with_titles(titles, self.likely.count).with_blank(blank + self.blank_lines).with_sum()
    }
}

impl HeaderShape {
    /// The shape of a header with these cells; `width` is the least number of cells.
    fn of<'t>(cells: impl Iterator<Item = &'t str>, width: usize) -> Self {
        let (mut count, mut named) = (0, 0);
        for cell in cells {
            count += 1;
            named = if cell.trim().is_empty() { named } else { count };
        }
        Self { width: count.max(width), named }
    }
}

/// Returns why a record's cells are probably not what was written into them; `left_off` lines above the text were left
/// out.
fn describe_damage(header: &HeaderShape, row: &Row<'_>, left_off: u64, is_cut: bool) -> Option<BrokenRecord> {
    let (cells, width) = (row.ends.len(), header.width);
    if let Some(line) = row.torn {
        return Some(BrokenRecord::OpenQuote { line: line + left_off });
    }
    if cells > width && row.iter_cells().skip(header.named).any(|cell| !cell.trim().is_empty()) {
        return Some(BrokenRecord::SurplusCells { cells, header: width });
    }
    (is_cut && cells < width).then_some(BrokenRecord::Cut)
}

/// Separators that offices use.
const SEPARATORS: [(u8, &str); 4] = [(b',', ","), (b';', ";"), (b'\t', "TAB"), (b'|', "|")];
/// Maximum number of rows in which a header with another separator is looked for.
const MAX_TITLES: usize = 50;

/// Builds the error of a text without a header, by what the text looks like.
fn explain_missing_header(text: &str, separator: u8, layout: &Layout) -> DecodeError {
    if text.trim().is_empty() {
        return DecodeError::Empty;
    }
    let what = match cells::looks_like(text.as_bytes()) {
        LooksLike::Page if cells::has_frames(text) => LooksLike::Frames,
        what => what,
    };
    if !matches!(what, LooksLike::TextTable | LooksLike::Other) {
        return DecodeError::NotTextTable { what };
    }
    let titles = |separator: u8| {
        let mut rows = Rows::new(text, separator);
        let mut lines = LineCounter { text, counted: 0, line: 1 };
        let next = move || {
            let row = rows.next(&mut lines).ok().flatten()?;
            Some(row.iter_cells().map(table::remove_whitespace).collect::<Vec<_>>())
        };
        std::iter::from_fn(next).take(MAX_TITLES)
    };
    let is_header = |names: Vec<String>| matches!(table::find_columns(&names, layout, &[]), Ok(Some(_)));
    for (other, name) in SEPARATORS.iter().filter(|(other, _)| *other != separator) {
        if titles(*other).any(is_header) {
            let expected = SEPARATORS.iter().find(|(of, _)| *of == separator).map(|(_, name)| (*name).to_owned());
            let expected = expected.unwrap_or_else(|| char::from(separator).to_string());
            return DecodeError::OtherSeparator { found: (*name).to_owned(), expected };
        }
    }
    table::explain_missing_header(titles(separator), layout)
}

/// Splits a text into rows in buffers of bounded size; the reader of the crate `csv` has no bounds.
struct Rows<'t> {
    text: &'t str,
    separator: u8,
    core: csv_core::Reader,
    at: usize,
    cells: Vec<u8>,
    ends: Vec<usize>,
}

/// A row of a text.
struct Row<'r> {
    /// Contents of the cells, joined; plain rows keep the separators between them.
    cells: &'r str,
    /// End offset in `cells` of each cell.
    ends: &'r [usize],
    /// Whether `cells` is the line itself, with a separator between cells.
    is_plain: bool,
    /// Line in which a quote opens that encloses more than its own cell.
    torn: Option<u64>,
    /// Offset in the text of the row's first byte; `end` is the offset after its last byte.
    start: usize,
    end: usize,
    line: u64,
    /// Number of physical lines that it takes.
    lines: u64,
}

impl<'t> Rows<'t> {
    fn new(text: &'t str, separator: u8) -> Self {
        let core = csv_core::ReaderBuilder::new().delimiter(separator).build();
        Self { text, separator, core, at: 0, cells: vec![0; 4_096], ends: vec![0; MAX_CELLS] }
    }

    fn next(&mut self, lines: &mut LineCounter<'_>) -> Result<Option<Row<'_>>, DecodeError> {
        let from = lines.locate_row(self.at);
        let bytes = self.text.as_bytes();
        let rest = bytes.get(from.byte..).unwrap_or_default();
        match memchr::memchr3(b'\n', b'\r', b'"', rest) {
            // Most lines have no quote and are cut at their separators without examining each byte.
            Some(length) if rest[length] != b'"' && (rest[length] == b'\n' || rest.get(length + 1) == Some(&b'\n')) => {
                self.read_plain_row(from, length)
            }
            _ => self.read_quoted_row(from),
        }
    }

    /// Reads a line of `length` bytes that contains no quote and has an end.
    fn read_plain_row(&mut self, from: RowStart, length: usize) -> Result<Option<Row<'_>>, DecodeError> {
        let RowStart { byte: start, line } = from;
        let cells = self.text.get(start..start + length).unwrap_or_default();
        if length > MAX_LINE {
            return Err(too_long(line));
        }
        let mut count = 0;
        for at in memchr::memchr_iter(self.separator, cells.as_bytes()).chain([length]) {
            *self.ends.get_mut(count).ok_or_else(|| too_wide(line))? = at;
            count += 1;
        }
        let is_crlf = self.text.as_bytes().get(start + length) == Some(&b'\r');
        self.at = start + length + 1 + usize::from(is_crlf);
        Ok(Some(Row {
            cells,
            ends: &self.ends[..count],
            is_plain: true,
            torn: None,
            start,
            end: self.at,
            line,
            lines: 1,
        }))
    }

    fn read_quoted_row(&mut self, from: RowStart) -> Result<Option<Row<'_>>, DecodeError> {
        let RowStart { byte: start, line } = from;
        let (mut bytes, mut count) = (0, 0);
        loop {
            let input = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let (room, ends) = (self.cells.get_mut(bytes..), self.ends.get_mut(count..));
            let (result, read, written, ended) =
                self.core.read_record(input, room.unwrap_or_default(), ends.unwrap_or_default());
            (self.at, bytes, count) = (self.at + read, bytes + written, count + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.cells.len() < MAX_LINE => {
                    self.cells.resize(self.cells.len() * 2, 0);
                }
                ReadRecordResult::OutputFull => return Err(too_long(line)),
                ReadRecordResult::OutputEndsFull => return Err(too_wide(line)),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        let cells = std::str::from_utf8(self.cells.get(..bytes).unwrap_or_default());
        let cells = cells.map_err(|e| Malformed::LineNotText { line, why: e.to_string() }.into_decode_error("CSV"))?;
        let ends = self.ends.get(..count).unwrap_or_default();
        let raw = self.text.get(start..self.at).unwrap_or_default().trim_end_matches(['\r', '\n']);
        let is_last = self.at == self.text.len();
        let torn = (is_last || memchr::memchr2(b'\n', b'\r', raw.as_bytes()).is_some())
            .then(|| find_torn_quote(raw, self.separator))
            .flatten()
            .map(|at| line + raw.bytes().take(at).filter(|b| *b == b'\n').count() as u64);
        let lines = 1 + memchr::memchr_iter(b'\n', raw.as_bytes()).count() as u64;
        Ok(Some(Row { cells, ends, is_plain: false, torn, start, end: self.at, line, lines }))
    }
}

/// Returns the offset in a row of a quote that is never closed, or that is closed only by a quote of another cell after
/// a line break.
pub(super) fn find_torn_quote(row: &str, separator: u8) -> Option<usize> {
    let bytes = row.as_bytes();
    let find = |what: u8, from: usize| memchr::memchr(what, bytes.get(from..)?).map(|at| from + at);
    let mut at = 0;
    loop {
        if bytes.get(at) == Some(&b'"') {
            let opens = at;
            loop {
                let Some(quote) = find(b'"', at + 1) else { return Some(opens) };
                at = quote + 1;
                if bytes.get(at) != Some(&b'"') {
                    break;
                }
            }
            let behind = row.get(at..find(separator, at).unwrap_or(row.len())).unwrap_or_default();
            if !behind.trim().is_empty() && row.get(opens..at)?.contains(['\n', '\r']) {
                return Some(opens);
            }
        }
        at = find(separator, at)? + 1;
    }
}

fn too_long(line: u64) -> DecodeError {
    Malformed::LineTooLong { line, max: MAX_LINE }.into_decode_error("CSV")
}

fn too_wide(line: u64) -> DecodeError {
    Malformed::LineTooWide { line, max: MAX_CELLS }.into_decode_error("CSV")
}

impl Row<'_> {
    fn cell_span(&self, column: usize) -> Option<(usize, usize)> {
        let between = usize::from(self.is_plain);
        let start = column.checked_sub(1).map_or(Some(0), |before| Some(self.ends.get(before)? + between))?;
        Some((start, *self.ends.get(column)?))
    }

    fn iter_cells(&self) -> impl Iterator<Item = &str> + Clone {
        (0..self.ends.len())
            .filter_map(|column| self.cell_span(column))
            .filter_map(|(from, to)| self.cells.get(from..to))
    }

    fn copy_cells(&self) -> Vec<String> {
        self.iter_cells().map(|cell| table::unwrap_formula_text(cell).to_owned()).collect()
    }

    /// Returns the text of a column if it is not blank; borrows from the line if the row is plain.
    fn cell_text<'a>(&self, raw: &'a str, column: usize) -> Option<Cow<'a, str>> {
        let (from, to) = self.cell_span(column)?;
        let text = if self.is_plain {
            Cow::Borrowed(raw.get(from..to)?)
        } else {
            Cow::Owned(table::unwrap_formula_text(self.cells.get(from..to)?).to_owned())
        };
        text.contains(|c: char| !c.is_whitespace()).then_some(text)
    }
}

#[derive(Clone, Copy)]
struct RowStart {
    /// Offset of its first byte in the text.
    byte: usize,
    /// Physical line of that byte, from 1.
    line: u64,
}

/// Counts the physical lines of a text.
struct LineCounter<'a> {
    text: &'a str,
    counted: usize,
    line: u64,
}

impl LineCounter<'_> {
    /// Returns where the next row begins, after the end of the previous row and blank lines.
    fn locate_row(&mut self, byte: usize) -> RowStart {
        let bytes = self.text.as_bytes();
        let mut start = byte.min(bytes.len());
        while bytes.get(start).is_some_and(|b| matches!(b, b'\r' | b'\n')) {
            start += 1;
        }
        let newlines = bytes[self.counted.min(start)..start].iter().filter(|b| **b == b'\n').count();
        self.counted = self.counted.max(start);
        self.line += newlines as u64;
        RowStart { byte: start, line: self.line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads all cells, to compare them with those that the crate `csv` reads.
    fn read_rows(text: &str) -> Vec<Vec<String>> {
        let mut rows = Rows::new(text, b',');
        let mut lines = LineCounter { text, counted: 0, line: 1 };
        let mut all = vec![];
        while let Some(row) = rows.next(&mut lines).unwrap() {
            all.push(row.iter_cells().map(str::to_owned).collect());
        }
        all
    }

    #[test]
    fn cells_are_those_that_the_reader_of_csv_reads() {
        let long = format!("\"{}\",x\n", "王,\n".repeat(3_000));
        for text in [
            "a,b\r\n\r\n1,\"x\"\"y\nz\"\n",
            "a,,\n\r\n,b\rc,\"d\"\r\n\n,\r\r\nx",
            "a",
            "",
            "\n\n",
            "\"",
            "\"a\"b,c\n,",
            "a,\"b\r\n",
            &long,
        ] {
            let mut reader = ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let wanted: Vec<Vec<String>> =
                reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
            assert_eq!(read_rows(text), wanted, "{text:?}");
        }
    }
}
