//! Guesses what identifies a record, and which of two versions is newer.

use std::collections::HashSet;

use crate::infer::dictionary::DOUBTFUL;
use crate::infer::guess::{Key, Version};
use crate::infer::names;
use crate::infer::settle::Settled;
use crate::infer::table::Table;
use crate::infer::terms::Meaning;
use huiliu_manifest::Field;

/// Greatest first number of rows that are numbered.
const MAX_FIRST: usize = 1_000;

/// Guesses where the version comes from: a column named so, a date in the file's name, or nothing.
pub(super) fn guess_version(file: &str, settled: &Settled, table: &Table) -> Version {
    if let Some(path) = settled.path_of(Meaning::Version, table) {
        return Version::Field { path };
    }
    if has_day(file) && table.layout.header().is_some() { Version::FileDate } else { Version::Landing }
}

/// Returns whether a name contains a date of eight digits.
fn has_day(file: &str) -> bool {
    let runs = file.split(|c: char| !c.is_ascii_digit());
    runs.into_iter().any(|run| run.len() == 8 && huiliu_values::date::parse_date(run).is_ok())
}

/// Guesses the key: the record id, else the certificate number, else the person, course and last day.
pub(super) fn guess_key(settled: &Settled, table: &Table) -> Key {
    let has_several = settled.mapped_path(Field::IdNumber).is_some_and(|path| !is_unique(table, &[&path]));
    for field in [Field::RecordName, Field::CertificateNumber] {
        let Some(path) = settled.mapped_path(field) else { continue };
        let Some(column) = table.columns.iter().find(|column| column.path == path) else { continue };
        // A bare id may be the person's, unless a person has several.
        let certain = names::read_name(&column.words).score_for(Meaning::Field(field)) > DOUBTFUL || has_several;
        if certain && is_unique(table, &[&path]) && !is_running(&column.values) {
            return Key { paths: vec![path], unique: true };
        }
    }
    // A key without the person would take two teachers of a course for one record.
    let person = settled
        .mapped_path(Field::IdNumber)
        .or_else(|| settled.path_of(Meaning::PersonCode, table))
        .or_else(|| settled.mapped_path(Field::Name));
    let training = [Field::CourseCode, Field::PeriodEnd].into_iter().filter_map(|field| settled.mapped_path(field));
    let mut paths: Vec<String> = person.into_iter().chain(training).collect();
    paths.dedup();
    let unique = !paths.is_empty() && is_unique(table, &paths.iter().map(String::as_str).collect::<Vec<_>>());
    Key { paths, unique }
}

/// Returns whether the texts are the numbers of the rows, whatever is before them: 1, 2, 3 or 0001, 0002. The next file
/// numbers its own rows so.
fn is_running(values: &[Option<String>]) -> bool {
    let number = |text: &Option<String>| {
        let text = text.as_deref()?.trim();
        let digits = text.len() - text.bytes().rev().take_while(u8::is_ascii_digit).count();
        text.get(digits..)?.parse::<usize>().ok()
    };
    let numbers: Option<Vec<usize>> = values.iter().map(number).collect();
    numbers.is_some_and(|numbers| {
        let mut sorted = numbers;
        sorted.sort_unstable();
        sorted.first().is_some_and(|first| *first <= MAX_FIRST)
            && sorted.windows(2).all(|pair| matches!(pair, [one, next] if *next == one + 1))
    })
}

fn is_unique(table: &Table, paths: &[&str]) -> bool {
    let columns: Vec<_> = paths.iter().filter_map(|path| table.columns.iter().find(|c| c.path == *path)).collect();
    let mut seen = HashSet::new();
    (0..table.rows).all(|row| {
        let texts: Vec<_> = columns.iter().map(|c| c.values.get(row).and_then(Option::as_deref)).collect();
        seen.insert(texts)
    })
}
