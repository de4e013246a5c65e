//! CSV files as offices make them: title lines above the header, signature lines below.

use std::borrow::Cow;

use super::decode::{DecodeFault, Position, RawRecord};
use super::table::{self, Mark};
use crate::manifest::Layout;

/// Builds a range (first, count) of a file's records, with the cells under the header names in `paths`.
///
/// # Errors
/// [`DecodeFault`] for a missing header.
pub fn decode<'a>(
    text: &'a str,
    separator: u8,
    layout: &Layout,
    paths: &[&str],
    (first, count): (u32, u32),
) -> Result<Vec<RawRecord<'a>>, DecodeFault> {
    let mut reader =
        ::csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes());
    // For each path the column it stands in, once the header is found.
    let mut columns: Option<Vec<Option<usize>>> = None;
    let mut records = Vec::new();
    let (mut index, mut width) = (0u32, 0);
    let mut row = ::csv::StringRecord::new();
    let mut lines = Lines { text, counted: 0, line: 1 };
    loop {
        let more = reader.read_record(&mut row).map_err(|e| DecodeFault::Form { format: "CSV", why: e.to_string() })?;
        if !more {
            break;
        }
        let (start, line) = lines.at(row.position().map_or(0, ::csv::Position::byte));
        let Some(columns) = &columns else {
            let names: Vec<String> = row.iter().map(table::bare).collect();
            columns = table::columns(&names, layout, paths)?;
            width = row.len();
            continue;
        };
        if row.iter().all(|c| c.trim().is_empty()) {
            continue;
        }
        match table::mark(row.iter(), layout) {
            Mark::Record => {}
            Mark::Left => continue,
            Mark::End => break,
        }
        if index >= first && index - first < count {
            let broken = (row.len() < width && reader.is_done() && !text.ends_with('\n'))
                .then(|| "the last line ends before its last cell: the file was cut".to_owned());
            let end = usize::try_from(reader.position().byte()).unwrap_or(text.len());
            let raw = text.get(start..end).unwrap_or_default().trim_end_matches(['\r', '\n']);
            let texts = texts(raw, separator, &row, columns);
            let position = Position::Line(line);
            records.push(RawRecord { position, broken, ..RawRecord::new(index, Cow::Borrowed(raw), texts) });
        }
        index += 1;
    }
    if columns.is_none() {
        return Err(DecodeFault::Header(layout.header.join(", ")));
    }
    Ok(records)
}

/// The cells of a row under the columns asked for. Without a quote in the row its cells are slices of it, and none is copied.
fn texts<'a>(
    raw: &'a str,
    separator: u8,
    row: &::csv::StringRecord,
    columns: &[Option<usize>],
) -> Vec<Option<Cow<'a, str>>> {
    let plain: Vec<&'a str> = if raw.contains('"') { vec![] } else { raw.split(char::from(separator)).collect() };
    let cell = |column: &Option<usize>| {
        let at = (*column)?;
        let text = match plain.get(at) {
            Some(text) if plain.len() == row.len() => Cow::Borrowed(*text),
            _ => Cow::Owned(row.get(at)?.to_owned()),
        };
        (!text.trim().is_empty()).then_some(text)
    };
    columns.iter().map(cell).collect()
}

/// Physical lines; the reader's own count is one behind after CR LF.
struct Lines<'a> {
    text: &'a str,
    counted: usize,
    line: u64,
}

impl Lines<'_> {
    /// Where the record that the reader says begins at `byte` really begins: its first byte and its line.
    fn at(&mut self, byte: u64) -> (usize, u64) {
        let bytes = self.text.as_bytes();
        let mut start = usize::try_from(byte).unwrap_or(usize::MAX).min(bytes.len());
        while bytes.get(start).is_some_and(|b| matches!(b, b'\r' | b'\n')) {
            start += 1;
        }
        let newlines = bytes[self.counted.min(start)..start].iter().filter(|b| **b == b'\n').count();
        self.counted = self.counted.max(start);
        self.line += newlines as u64;
        (start, self.line)
    }
}
