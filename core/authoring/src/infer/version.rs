//! What makes a record the same record, and which of two is the newer.

use std::collections::HashSet;

use crate::infer::guess::{Key, Version};
use crate::infer::settle::Settled;
use crate::infer::table::Table;
use crate::infer::terms::Meaning;
use huiliu_manifest::Field;

/// Where the version comes from: a column called so, a day in the file's name, or nothing.
pub(super) fn of(file: &str, settled: &Settled, table: &Table) -> Version {
    if let Some(path) = settled.path_of(Meaning::Version, table) {
        return Version::Field { path };
    }
    if has_day(file) && table.layout.header().is_some() { Version::FileDate } else { Version::Landing }
}

/// Whether eight digits of a name are a day.
fn has_day(file: &str) -> bool {
    let runs = file.split(|c: char| !c.is_ascii_digit());
    runs.into_iter().any(|run| run.len() == 8 && huiliu_values::date::parse_date(run).is_ok())
}

/// The record id, else the certificate number, else ID number, course and last day.
pub(super) fn key(settled: &Settled, table: &Table) -> Key {
    for field in [Field::RecordName, Field::CertificateNumber] {
        if let Some(path) = settled.mapped(field)
            && is_unique(table, &[&path])
        {
            return Key { paths: vec![path], unique: true };
        }
    }
    let fields = [Field::IdNumber, Field::CourseCode, Field::PeriodEnd];
    let mut paths: Vec<String> = fields.iter().filter_map(|field| settled.mapped(*field)).collect();
    paths.dedup();
    let unique = !paths.is_empty() && is_unique(table, &paths.iter().map(String::as_str).collect::<Vec<_>>());
    Key { paths, unique }
}

fn is_unique(table: &Table, paths: &[&str]) -> bool {
    let columns: Vec<_> = paths.iter().filter_map(|path| table.columns.iter().find(|c| c.path == *path)).collect();
    let mut seen = HashSet::new();
    (0..table.rows).all(|row| {
        let texts: Vec<_> = columns.iter().map(|c| c.values.get(row).and_then(Option::as_deref)).collect();
        seen.insert(texts)
    })
}
