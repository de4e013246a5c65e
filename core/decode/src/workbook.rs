//! The rows of a workbook's sheets: title lines above the header, a header of one or two rows, signature lines below.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::RecordRange;
use crate::accounting::{LeftOut, TableCount};
use crate::decode::{Cell, DecodeError, Decoded, Position, RawRecord, Stored};
use crate::merged::{MergedCell, MergedFill};
use crate::parts::{Head, Part};
use crate::problem::BrokenRecord;
use crate::sent::SentHeader;
use crate::table::{self, LikelyRows, TableReader, TableRow};
use huiliu_manifest::{Format, Layout};

/// Maximum number of rows in a sheet, as in the .xlsx format.
const MAX_ROWS: usize = 1 << 20;

/// Builds the records of a range of a sheet, with the cells under the column names in `paths`. A sheet without any cell
/// has no records.
///
/// # Errors
/// Returns [`DecodeError`] if there is no header, if two columns have the same name, or if there are too many rows.
pub fn decode_sheet<'a>(
    part: &Part<'a>,
    layout: &Layout,
    paths: &[&str],
    range: RecordRange,
) -> Result<Decoded<'a>, DecodeError> {
    let torn = || DecodeError::Inconsistent;
    // A web page that was saved as a workbook can have more rows than a workbook can.
    if part.text.lines().count() > MAX_ROWS {
        return Err(DecodeError::TooManyRows { max: MAX_ROWS });
    }
    let rows: Vec<Row<'a>> = part.text.lines().map(Row::parse).collect::<Option<_>>().ok_or_else(torn)?;
    let shown = part.head.shown;
    let mut all = Decoded { total: shown.map_or(0, |shown| shown.before), ..Decoded::default() };
    if rows.is_empty() {
        let count = part.head.count.clone().unwrap_or_default().into_left_out(LeftOut::Empty);
        all.layout.push_table(count);
        return Ok(Decoded { total: shown.and_then(|s| s.records).unwrap_or(all.total), ..all });
    }
    let mut header = find_header(&rows, &part.head, layout, paths)?;
    let mut below = rows.get(header.first..).unwrap_or_default().iter();
    // In a window, all rows below the header are records but those with a mark; records before the range are skipped.
    let mut passed = shown.map_or(0, |shown| range.first.saturating_sub(shown.before).min(shown.given));
    all.total += passed;
    while passed > 0 {
        match below.next() {
            Some(row) if row.changes => _ = header.reader.take_row(row.parse_cells().iter().map(Content::as_str)),
            Some(_) => passed -= 1,
            None => break,
        }
    }
    let merged = if shown.is_some() { &[][..] } else { &part.head.merged };
    let first_row = rows.get(header.first).map_or(u32::MAX, |row| row.number.saturating_sub(1));
    let mut fill = MergedFill::new(merged, first_row);
    for row in below {
        if all.has_all(range) {
            break;
        }
        let mut cells = row.parse_cells();
        // A marker stands in the row's own cells, not in one that is merged from above.
        let role = header.reader.take_row(cells.iter().map(Content::as_str));
        if !fill.is_over() {
            fill.fill_row(row.number.saturating_sub(1), &mut cells, &Content::BLANK);
        }
        if !matches!(role, TableRow::Record | TableRow::Suspect) {
            continue;
        }
        let Header { reader, .. } = &mut header;
        all.push_record(range, row.json.len(), |index| {
            let broken = (role == TableRow::Suspect).then(|| reader.explain());
            build_record(index, row, &cells, &reader.columns, broken)
        })?;
    }
    if let Some(count) = &part.head.count {
        all.layout.push_table(count.clone());
    } else {
        all.layout.push_table(header.into_count(&rows, layout));
    }
    Ok(Decoded { total: shown.and_then(|s| s.records).unwrap_or(all.total), ..all })
}

fn build_record<'a>(
    index: u32,
    row: &Row<'a>,
    cells: &[Content<'a>],
    columns: &[Option<usize>],
    broken: Option<BrokenRecord>,
) -> RawRecord<'a> {
    let content = |column: &Option<usize>| cells.get((*column)?);
    let text = |column: &Option<usize>| content(column)?.text.clone().filter(|text| !text.trim().is_empty());
    let cell = |column: &Option<usize>| {
        let (stored, is_merged) =
            content(column).map_or((Stored::Text, false), |content| (content.stored, content.is_merged));
        Some(Cell { column: (*column)?, stored, is_merged })
    };
    RawRecord {
        position: Position::Row(row.number),
        cells: columns.iter().map(cell).collect(),
        broken,
        ..RawRecord::new(index, Cow::Borrowed(row.json), columns.iter().map(text).collect())
    }
}

/// Returns the count of a sheet that has no header and no row that looks like a record, so that it may be left out.
/// `why` is the error that reading it gave.
pub(super) fn count_without_header(part: &Part<'_>, format: &Format, why: &DecodeError) -> Option<TableCount> {
    let Format::Workbook { layout, .. } = format else { return None };
    if !matches!(why, DecodeError::NoHeader { .. } | DecodeError::OtherHeader { .. }) {
        return None;
    }
    let rows: Vec<Row<'_>> = part.text.lines().map(Row::parse).collect::<Option<_>>()?;
    let mut likely = LikelyRows::new(layout);
    rows.iter().for_each(|row| likely.take_row(row.parse_cells().iter().map(Content::as_str)));
    if likely.count > 0 {
        return None;
    }
    let last = rows.last().map_or(0, |row| u64::from(row.number));
    let count = TableCount { rows: last, blank: last.saturating_sub(rows.len() as u64), ..TableCount::default() };
    let because = if part.head.hidden { LeftOut::Hidden } else { LeftOut::NoHeader };
    let name = |name: &Option<Cow<'_, str>>| name.as_deref().map(str::to_owned);
    let (member, sheet, hidden) = (name(&part.head.member), name(&part.head.sheet), part.head.hidden);
    Some(TableCount { member, sheet, hidden, ..count.into_left_out(because) })
}

/// A row of an unpacked sheet.
struct Row<'a> {
    /// Row number from 1, as a spreadsheet shows it.
    number: u32,
    /// Whether it is no record and changes how the rows below are read. Only windows say so.
    changes: bool,
    json: &'a str,
}

/// Follows the number of a row in a window that is no record and changes how the rows below are read.
pub(super) const CHANGE_MARK: char = '!';

/// Content of a cell.
#[derive(Clone)]
struct Content<'a> {
    text: Option<Cow<'a, str>>,
    stored: Stored,
    /// Whether it stands for several rows.
    is_merged: bool,
}

impl Content<'_> {
    const BLANK: Content<'static> = Content { text: None, stored: Stored::Text, is_merged: false };

    fn as_str(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }
}

impl MergedCell for Content<'_> {
    fn is_blank(&self) -> bool {
        self.as_str().trim().is_empty()
    }

    fn mark_merged(&mut self) {
        self.is_merged = true;
    }
}

impl<'a> Row<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (number, json) = line.split_once('\t')?;
        let (number, changes) = number.strip_suffix(CHANGE_MARK).map_or((number, false), |number| (number, true));
        Some(Self { number: number.parse().ok()?, changes, json })
    }

    fn parse_cells(&self) -> Vec<Content<'a>> {
        let cells: Vec<&'a RawValue> = serde_json::from_str(self.json).unwrap_or_default();
        cells.into_iter().map(|cell| parse_content(cell.get())).collect()
    }
}

fn parse_content(json: &str) -> Content<'_> {
    let stored = match json.as_bytes().first() {
        Some(b'"' | b'n') => Stored::Text,
        Some(b'{') if json.starts_with("{\"unc") => Stored::Uncalculated,
        Some(b'{') if json.starts_with("{\"unr") => Stored::Unreadable,
        Some(b'{') => Stored::Error,
        _ => Stored::Number,
    };
    let text = match stored {
        Stored::Number => Some(Cow::Borrowed(json)),
        Stored::Text => serde_json::from_str::<Option<Cow<'_, str>>>(json).unwrap_or_default(),
        Stored::Error | Stored::Uncalculated | Stored::Unreadable => {
            serde_json::from_str::<BTreeMap<Cow<'_, str>, String>>(json)
                .ok()
                .and_then(|o| o.into_values().next())
                .map(Cow::Owned)
        }
    };
    Content { text, stored, is_merged: false }
}

/// Returns the names of a sheet's columns if its header is found.
pub(super) fn find_header_names(part: &Part<'_>, layout: &Layout) -> Vec<String> {
    // The header is expected near the top.
    let rows: Vec<Row<'_>> = part.text.lines().take(200).filter_map(Row::parse).collect();
    find_header(&rows, &part.head, layout, &[]).map_or_else(|_| vec![], |found| found.names)
}

/// Returns a reader of the rows below the header if these rows end with it.
pub(super) fn find_reader<'l>(text: &str, head: &Head<'_>, layout: &'l Layout) -> Option<TableReader<'l>> {
    let rows: Vec<Row<'_>> = text.lines().filter_map(Row::parse).collect();
    find_header(&rows, head, layout, &[]).ok().map(|header| header.reader)
}

/// Classifies a row of an unpacked sheet that is below the header.
pub(super) fn classify_line(line: &str, reader: &mut TableReader<'_>) -> TableRow {
    let cells = Row::parse(line.trim_end()).map(|row| row.parse_cells()).unwrap_or_default();
    reader.take_row(cells.iter().map(Content::as_str))
}

/// Reads a row of an unpacked sheet that is not below a header.
pub(super) fn take_likely_line(line: &str, likely: &mut LikelyRows<'_>) {
    let cells = Row::parse(line.trim_end()).map(|row| row.parse_cells()).unwrap_or_default();
    likely.take_row(cells.iter().map(Content::as_str));
}

/// Returns the text of a cell that is stored as JSON.
pub(super) fn parse_cell_text(json: &str) -> Option<Cow<'_, str>> {
    parse_content(json).text
}

/// Lists the headers of a sheet: the first, and each below it whose columns are others. A sheet without a header has none.
pub(super) fn list_headers(part: &Part<'_>, layout: &Layout, paths: &[&str]) -> Result<Vec<SentHeader>, DecodeError> {
    let rows: Vec<Row<'_>> =
        part.text.lines().map(Row::parse).collect::<Option<_>>().ok_or(DecodeError::Inconsistent)?;
    let Ok(mut header) = find_header(&rows, &part.head, layout, paths) else { return Ok(vec![]) };
    let texts = |row: &Row<'_>| row.parse_cells().iter().map(|cell| cell.as_str().to_owned()).collect();
    let (above, below) = rows.split_at_checked(header.first).unwrap_or((&rows, &[]));
    let last = above.last().map_or(0, |row| row.number);
    let mut found = vec![SentHeader {
        name: None,
        line: last.into(),
        rows: above.iter().map(|row| (row.number.saturating_sub(1), texts(row))).collect(),
        height: header.height,
        merged: part.head.merged.iter().filter(|[_, _, bottom, _]| *bottom < last).copied().collect(),
        columns: header.reader.columns.clone(),
    }];
    let mut columns = header.reader.columns.clone();
    for row in below {
        let role = header.reader.take_row(row.parse_cells().iter().map(Content::as_str));
        if role == TableRow::Change && header.reader.columns != columns {
            columns.clone_from(&header.reader.columns);
            let rows = vec![(0, texts(row))];
            let (line, merged, columns) = (row.number.into(), vec![], columns.clone());
            found.push(SentHeader { name: None, line, rows, height: 1, merged, columns });
        }
    }
    Ok(found)
}

/// Returns the texts of the cells of a row of an unpacked sheet.
pub(super) fn split_cells(json: &str) -> Vec<String> {
    let cells: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
    cells.into_iter().map(|cell| parse_content(cell.get()).as_str().to_owned()).collect()
}

/// A header that was found.
struct Header<'l> {
    /// Names of all columns.
    names: Vec<String>,
    /// Reads the rows below it.
    reader: TableReader<'l>,
    /// Index of the first row after the header.
    first: usize,
    /// Number of rows of the header.
    height: usize,
}

impl Header<'_> {
    /// Returns what all rows of the sheet were taken for.
    fn into_count(self, rows: &[Row<'_>], layout: &Layout) -> TableCount {
        let count = self.reader.count;
        let above = rows.get(..self.first.saturating_sub(self.height)).unwrap_or_default();
        let (mut likely, mut titles) = (LikelyRows::new(layout), 0);
        for cells in above.iter().map(Row::parse_cells) {
            titles += u64::from(cells.iter().any(|cell| !cell.is_blank()));
            likely.take_row(cells.iter().map(Content::as_str));
        }
        let last = rows.last().map_or(0, |row| u64::from(row.number));
        count.with_titles(titles, likely.count).with_rows(last)
    }
}

fn find_header<'l>(
    rows: &[Row<'_>],
    head: &Head<'_>,
    layout: &'l Layout,
    paths: &'l [&'l str],
) -> Result<Header<'l>, DecodeError> {
    let texts = |row: &Row<'_>| -> Vec<String> {
        row.parse_cells().iter().map(|cell| table::remove_whitespace(cell.as_str())).collect()
    };
    for (at, row) in rows.iter().enumerate() {
        let mut names = texts(row);
        let mut header_rows = vec![names.clone()];
        let mut last = at;
        if layout.header_rows.0 == 2 {
            spread_merged(&mut names, row.number, head);
            // A lower header row of only blank cells was not unpacked.
            let Some(lower) = rows.get(at + 1).filter(|lower| lower.number == row.number + 1) else { continue };
            let lower = texts(lower);
            names = join_header_rows(&names, &lower);
            header_rows.push(lower);
            last = at + 1;
        }
        let height = header_rows.len();
        if let Some(reader) = TableReader::below_header(&names, header_rows, layout, paths)? {
            return Ok(Header { names, reader, first: last + 1, height });
        }
    }
    Err(table::explain_missing_header(rows.iter().map(texts), layout))
}

/// Copies the text of a merged cell into every column that it covers.
fn spread_merged(names: &mut Vec<String>, row: u32, head: &Head<'_>) {
    for [_, left, _, right] in head.merged.iter().filter(|[top, ..]| top.saturating_add(1) == row) {
        let (left, right) = (*left as usize, *right as usize);
        let Some(text) = names.get(left).filter(|text| !text.is_empty() && right < 1_024).cloned() else { continue };
        if names.len() <= right {
            names.resize(right + 1, String::new());
        }
        names[left..=right].fill(text);
    }
}

/// Returns `upper/lower` for every column, or only one of them if the other is blank.
fn join_header_rows(upper: &[String], lower: &[String]) -> Vec<String> {
    let of = |names: &[String], at: usize| names.get(at).cloned().unwrap_or_default();
    let width = upper.len().max(lower.len());
    (0..width)
        .map(|at| match (of(upper, at), of(lower, at)) {
            (upper, lower) if upper.is_empty() || lower.is_empty() => upper + &lower,
            (upper, lower) => format!("{upper}/{lower}"),
        })
        .collect()
}
