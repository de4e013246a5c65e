//! Rows and columns that a spreadsheet does not show. Nobody who sends a workbook sees them, so whoever reads them says so.

use std::io::{BufReader, Read};

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::package::{Package, attribute};

/// Number of bytes that are searched at once.
const STEP: usize = 1 << 16;
const WORD: &str = "hidden";

/// Rows and columns of a sheet that are not shown: ranges in ascending order, from 0, with their last one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HiddenParts {
    rows: Vec<[u32; 2]>,
    columns: Vec<[u32; 2]>,
}

impl HiddenParts {
    /// Returns whether a row is hidden.
    #[must_use]
    pub fn has_row(&self, row: u32) -> bool {
        let next = self.rows.partition_point(|[first, _]| *first <= row);
        next.checked_sub(1).and_then(|at| self.rows.get(at)).is_some_and(|[_, last]| row <= *last)
    }

    /// Returns the number of hidden columns among the first `width`.
    #[must_use]
    pub fn count_columns(&self, width: u32) -> u32 {
        let within =
            |[first, last]: &[u32; 2]| (*last).min(width.saturating_sub(1)).saturating_add(1).saturating_sub(*first);
        if width == 0 { 0 } else { self.columns.iter().map(within).fold(0, u32::saturating_add) }
    }

    /// Notes `count` rows from this one on. Rows are noted in ascending order.
    pub(crate) fn push_rows(&mut self, first: u32, count: u32) {
        push_range(&mut self.rows, first, count);
    }

    /// Notes `count` columns from this one on.
    pub(crate) fn push_columns(&mut self, first: u32, count: u32) {
        push_range(&mut self.columns, first, count);
    }
}

fn push_range(ranges: &mut Vec<[u32; 2]>, first: u32, count: u32) {
    let Some(last) = count.checked_sub(1).map(|more| first.saturating_add(more)) else { return };
    match ranges.last_mut() {
        Some([_, end]) if end.checked_add(1) == Some(first) => *end = last,
        // A file that numbers its rows in another order is damaged.
        Some([_, end]) if first <= *end => {}
        _ => ranges.push([first, last]),
    }
}

/// Reads the hidden rows and columns of a sheet of an .xlsx workbook. Most have none, which is found without parsing.
pub(crate) fn read_xlsx(bytes: &[u8], sheet: &str) -> Option<HiddenParts> {
    let mut package = Package::open(bytes)?;
    let path = package.find_sheet(sheet)?;
    if !has_word(package.open_member(&path)?) {
        return Some(HiddenParts::default());
    }
    let mut reader = Reader::from_reader(BufReader::with_capacity(STEP, package.open_member(&path)?));
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_end_names = false;
    let (mut parts, mut buffer, mut next) = (HiddenParts::default(), vec![], 0_u32);
    loop {
        buffer.clear();
        let Event::Start(e) = (match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) | Err(_) => return Some(parts),
            Ok(event) => event,
        }) else {
            continue;
        };
        let number = |name: &str| attribute(&e, name)?.parse::<u32>().ok()?.checked_sub(1);
        let is_hidden = || attribute(&e, WORD).is_some_and(|value| matches!(value.as_str(), "1" | "true"));
        match e.local_name().as_ref() {
            "col" if is_hidden() => {
                if let (Some(first), Some(last)) = (number("min"), number("max")) {
                    parts.push_columns(first, last.saturating_sub(first).saturating_add(1));
                }
            }
            "row" => {
                let row = number("r").unwrap_or(next);
                if is_hidden() {
                    parts.push_rows(row, 1);
                }
                next = row.saturating_add(1);
            }
            _ => {}
        }
    }
}

/// Returns whether the word for hidden parts is anywhere in a member.
fn has_word(mut member: impl Read) -> bool {
    let finder = memchr::memmem::Finder::new(WORD);
    let (mut bytes, mut held) = (vec![0; STEP], 0);
    loop {
        let Some(read @ 1..) = bytes.get_mut(held..).and_then(|rest| member.read(rest).ok()) else { return false };
        let seen = held + read;
        if bytes.get(..seen).is_some_and(|seen| finder.find(seen).is_some()) {
            return true;
        }
        // A word may lie across two reads.
        held = seen.min(WORD.len() - 1);
        bytes.copy_within(seen - held..seen, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_and_are_found() {
        let mut parts = HiddenParts::default();
        for row in [2, 3, 4, 9] {
            parts.push_rows(row, 1);
        }
        assert_eq!(parts.rows, [[2, 4], [9, 9]]);
        let hidden: Vec<u32> = (0..12).filter(|row| parts.has_row(*row)).collect();
        assert_eq!(hidden, [2, 3, 4, 9]);
        parts.push_columns(1, 2);
        parts.push_columns(5, 16_000);
        assert_eq!([0, 1, 2, 3, 6, 8].map(|width| parts.count_columns(width)), [0, 0, 1, 2, 3, 5]);
    }

    #[test]
    fn a_word_across_two_reads_is_found() {
        let mut bytes = vec![b' '; STEP - 3];
        bytes.extend(b"hidden=\"1\"");
        assert!(has_word(&*bytes));
        assert!(!has_word(&b"hiden hidde"[..]));
    }
}
