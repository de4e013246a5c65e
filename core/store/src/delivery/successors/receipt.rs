//! Where and with what a record was received: tells rows of one list from those of an earlier list.

use std::borrow::Cow;

use crate::delivery::batch::ClaimedBatch;

/// The payload in which a record was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The payload.
    pub payload: i64,
    /// The run that received it.
    pub run: i64,
    /// Its page or file name.
    pub file: String,
}

impl Receipt {
    /// Returns that of a batch.
    pub(crate) fn of_batch(held: &ClaimedBatch) -> Self {
        Self { payload: held.payload_id, run: held.run_id, file: held.address.clone() }
    }

    /// Returns whether all payloads of its run are one list with it, because its name has no date.
    pub(crate) fn is_whole_run(&self) -> bool {
        without_dates(&self.file) == self.file
    }

    /// Returns whether both are parts of one list, in which two rows are two records: the same payload, or payloads of one run,
    /// such as pages or the files of several schools. Files of one run whose names differ in their date are two lists.
    #[must_use]
    pub fn is_one_list_with(&self, other: &Self) -> bool {
        let is_next_list = || self.file != other.file && !self.is_whole_run() && is_one_series(&self.file, &other.file);
        self.payload == other.payload || self.run == other.run && !is_next_list()
    }

    /// Returns whether an address in this payload is the place of another one: the same row of the next list.
    #[must_use]
    pub fn is_same_place(&self, address: &str, other: &Self, other_address: &str) -> bool {
        let place = |address: &str, file: &str| address.strip_prefix(file).unwrap_or(address).to_owned();
        is_one_series(&self.file, &other.file) && place(address, &self.file) == place(other_address, &other.file)
    }
}

/// Returns whether two names of files differ in their dates only.
fn is_one_series(name: &str, other: &str) -> bool {
    without_dates(name) == without_dates(other)
}

/// Removes what may be a date from a name: a run of digits, and of the signs that separate them in dates, with at least six
/// digits.
fn without_dates(name: &str) -> Cow<'_, str> {
    let is_of_date = |c: char| c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | '年' | '月' | '日');
    let mut kept = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let of_date = is_of_date(first);
        let end = rest.find(|c| is_of_date(c) != of_date).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        if !of_date || part.chars().filter(char::is_ascii_digit).count() < 6 {
            kept.push_str(part);
        }
        rest = after;
    }
    if kept.len() == name.len() { Cow::Borrowed(name) } else { Cow::Owned(kept) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(payload: i64, run: i64, file: &str) -> Receipt {
        Receipt { payload, run, file: file.to_owned() }
    }

    #[test]
    fn pages_and_files_of_one_run_are_one_list_but_dated_files_are_several() {
        for (first, second, is_one) in [
            ("page 1", "page 2", true),
            ("school1.csv", "school2.csv", true),
            ("成绩_20260901.csv", "成绩_20260911.csv", false),
            ("成绩2026-09.xlsx", "成绩2026-10.xlsx", false),
            ("一小_20260901.csv", "二小_20260901.csv", true),
            ("一小_20260901.csv", "二小_20260911.csv", true),
        ] {
            assert_eq!(receipt(1, 1, first).is_one_list_with(&receipt(2, 1, second)), is_one, "{first} {second}");
            assert!(!receipt(1, 1, first).is_one_list_with(&receipt(2, 2, second)), "{first} {second}");
        }
    }

    #[test]
    fn a_place_is_the_same_row_of_the_next_list() {
        let (first, next) = (receipt(1, 1, "一小_20260901.csv"), receipt(2, 2, "一小_20260911.csv"));
        assert!(first.is_same_place("一小_20260901.csv line 3", &next, "一小_20260911.csv line 3"));
        assert!(!first.is_same_place("一小_20260901.csv line 3", &next, "一小_20260911.csv line 4"));
        let other = receipt(2, 2, "二小_20260911.csv");
        assert!(!first.is_same_place("一小_20260901.csv line 3", &other, "二小_20260911.csv line 3"));
    }
}
