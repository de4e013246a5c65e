//! Guesses what identifies a record, and which of two versions is newer.

use std::collections::HashMap;

use crate::infer::dictionary::{DOUBTFUL, split_tokens};
use crate::infer::guess::{Key, Question, Version};
use crate::infer::names;
use crate::infer::settle::Settled;
use crate::infer::table::{Column, Table};
use crate::infer::terms::Meaning;
use huiliu_manifest::Field;

/// Length of the longest text that tells records apart, in characters.
const MAX_CHARS: usize = 60;
/// Greatest first number of rows that are numbered.
const MAX_FIRST: usize = 1_000;

/// Words in names of versions of something else than the record.
const OTHERS: [&str; 12] =
    ["课程", "教材", "个人", "学员", "教师", "用户", "人员", "资料", "course", "user", "person", "profile"];

/// Guesses where the version comes from: a column named so, a date in the file's name, or nothing.
pub(super) fn guess_version(file: &str, settled: &Settled, table: &Table) -> Version {
    // The version of a program is not that of the record.
    let is_program = |path: &str| {
        ["app", "client", "os", "sdk", "browser", "api"]
            .iter()
            .any(|word| split_tokens(path).iter().any(|token| token == word))
    };
    // Nor is that of the course or of the person.
    let is_other = |path: &str| OTHERS.iter().any(|word| path.to_lowercase().contains(word));
    let own = settled.path_of(Meaning::Version, table).filter(|path| !is_program(path) && !is_other(path));
    if let Some(path) = own {
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
pub(super) fn is_running(values: &[Option<String>]) -> bool {
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

/// Returns whether a text is the first number of a list, whatever is before it.
fn ends_with_one(text: &str) -> bool {
    let text = text.trim();
    let digits = text.len() - text.bytes().rev().take_while(u8::is_ascii_digit).count();
    text.get(digits..).is_some_and(|number| number.trim_start_matches('0') == "1")
}

/// Returns whether no two records have the same texts in these columns. Records that are the same in all columns are one;
/// one that lacks a text, as those below a merged cell do, tells nothing.
fn is_unique(table: &Table, paths: &[&str]) -> bool {
    let columns: Vec<_> = paths.iter().filter_map(|path| table.columns.iter().find(|c| c.path == *path)).collect();
    let text = |column: &Column, row: usize| column.values.get(row).and_then(Option::clone);
    // The number of the row makes no other record of it.
    let numbers_rows = |column: &Column| {
        is_running(&column.values)
            && column.values.first().is_some_and(|text| text.as_deref().is_some_and(ends_with_one))
    };
    let is_running: Vec<bool> = table.columns.iter().map(numbers_rows).collect();
    let whole = |row: usize| -> Vec<Option<String>> {
        let counted = table.columns.iter().zip(&is_running).filter(|(_, is_running)| !**is_running);
        counted.map(|(column, _)| text(column, row)).collect()
    };
    let mut seen: HashMap<Vec<String>, usize> = HashMap::new();
    (0..table.rows).all(|row| {
        let Some(texts) = columns.iter().map(|c| text(c, row)).collect::<Option<Vec<String>>>() else { return true };
        let first = *seen.entry(texts).or_insert(row);
        first == row || whole(first) == whole(row)
    })
}

/// Most columns that are offered to tell records apart.
const MAX_TELLING: usize = 4;

/// Asks for a column that tells the records apart, if several share the key.
pub(super) fn question_about_key(settled: &Settled, table: &Table, key: &Key) -> Option<Question> {
    let is_whole = [Field::CourseCode, Field::PeriodEnd].iter().all(|field| settled.mapped_path(*field).is_some());
    if key.unique || !is_whole || key.paths.is_empty() {
        return None;
    }
    let tells = |column: &&Column| {
        let is_short = column.values.iter().flatten().all(|text| text.chars().count() <= MAX_CHARS);
        let paths: Vec<&str> = key.paths.iter().map(String::as_str).chain([column.path.as_str()]).collect();
        let is_amount = settled.mapped_path(Field::Hours).as_ref() == Some(&column.path)
            || settled.mapped_path(Field::ScoreTotal).as_ref() == Some(&column.path);
        // A newer version of a record is no other record.
        let is_version = settled.path_of(Meaning::Version, table).as_ref() == Some(&column.path);
        !column.twin
            && !is_amount
            && !is_version
            && is_short
            && !key.paths.contains(&column.path)
            && column.values.iter().all(Option::is_some)
            && !is_running(&column.values)
            && is_unique(table, &paths)
    };
    let others = table.columns.iter().filter(tells).take(MAX_TELLING).map(|column| column.path.clone()).collect();
    Some(Question::SharedKey { paths: key.paths.clone(), others })
}
