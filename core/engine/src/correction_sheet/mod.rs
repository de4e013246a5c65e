//! Correction sheets: the rows of dead letters, below the header that their sender wrote. Guilty cells are coloured, and what is
//! wrong stands beside them. A column says which letter a row is, so a sheet is recognised whatever its name.

mod handed;
mod text;
mod workbook;

use std::collections::HashMap;

use serde::Serialize;

pub(crate) use handed::{HandedRow, HandedSheet};
pub(crate) use text::write_text;
pub(crate) use workbook::write_workbook;

use huiliu_decode::sent::SentHeader;
use huiliu_decode::{Problem, correction_mark};
use huiliu_messages::{Language, Message};

/// The heading of the column that names the letter.
pub(crate) const TOKEN: &str = correction_mark::COLUMN;
/// The most characters of a cell.
const MAX_CELL: usize = 32_000;
/// The most rows of a sheet.
pub(crate) const MAX_ROWS: usize = 100_000;
/// The last row of a header that stays where its sender put it, with the titles above it and their merged cells.
const MAX_HEADER: u32 = 100;

/// A column beside the raw fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
enum ExtraColumn {
    /// Where the row stood.
    #[serde(rename = "column.place")]
    Place,
    /// What is wrong in it.
    #[serde(rename = "column.errors")]
    Errors,
    /// The values that are allowed.
    #[serde(rename = "column.allowed")]
    Allowed,
}

impl ExtraColumn {
    fn heading(self, language: Language) -> String {
        Message::new(&self).to_sentence(language)
    }
}

/// A row to be written.
#[derive(Debug)]
pub(crate) struct SheetRow {
    /// What tells it from all other rows.
    pub token: String,
    /// Where it stood.
    pub address: String,
    /// The texts of its cells.
    pub cells: Vec<String>,
    /// The texts of its fields, with the corrections that hold.
    pub texts: Vec<Option<String>>,
    /// What is wrong.
    pub reasons: Vec<Problem>,
}

/// Rows below one header.
#[derive(Debug)]
pub(crate) struct SheetTable {
    /// The header, and what stands above it.
    pub header: SentHeader,
    /// The rows.
    pub rows: Vec<SheetRow>,
}

/// What a header says: name of its sheet, cells, column of each field.
type HeaderKey = (Option<String>, Vec<Vec<String>>, Vec<Option<usize>>);

/// Sorts rows below their headers. Headers that say the same are one, whichever files they come from.
#[derive(Debug, Default)]
pub(crate) struct SheetTables {
    tables: Vec<SheetTable>,
    by_header: HashMap<HeaderKey, usize>,
}

impl SheetTables {
    /// Adds a row.
    pub fn push(&mut self, header: &SentHeader, row: SheetRow) {
        let texts = header.rows.iter().map(|(_, cells)| cells.clone()).collect();
        let key = (header.name.clone(), texts, header.columns.clone());
        let nth = *self.by_header.entry(key).or_insert_with(|| {
            self.tables.push(SheetTable { header: header.clone(), rows: vec![] });
            self.tables.len() - 1
        });
        if let Some(table) = self.tables.get_mut(nth) {
            table.rows.push(row);
        }
    }

    /// Returns the tables, in the order of their first rows.
    pub fn into_tables(self) -> Vec<SheetTable> {
        self.tables
    }
}

/// Where everything stands in a table.
#[derive(Debug)]
struct Grid {
    /// Rows from the top to the header's last: row from 0, texts of the cells.
    above: Vec<(u32, Vec<String>)>,
    /// Merged cells of these rows.
    merged: Vec<[u32; 4]>,
    /// The row that names the fields, if the header itself does not name all of them.
    names: Option<(u32, Vec<String>)>,
    /// First row of the records.
    first: u32,
    /// Column of each field.
    columns: Vec<Option<usize>>,
    /// Columns for the place, the faults, the allowed values and the token.
    place: usize,
    errors: usize,
    allowed: usize,
    token: usize,
}

impl Grid {
    /// Plans a table. A field that the sender's header lacks has a column to its right if a row has a value or a fault there.
    fn new(table: &SheetTable, fields: &[String], language: Language) -> Self {
        let SentHeader { rows: sent, height, merged, columns, .. } = &table.header;
        let stays = sent.last().is_some_and(|(row, _)| *row < MAX_HEADER);
        let at = |nth: usize, row: u32| if stays { row } else { u32::try_from(nth).unwrap_or(u32::MAX) };
        let mut above: Vec<(u32, Vec<String>)> =
            sent.iter().enumerate().map(|(nth, (row, cells))| (at(nth, *row), cells.clone())).collect();
        let widths = above.iter().map(|(_, cells)| cells.len()).chain(table.rows.iter().map(|row| row.cells.len()));
        let widest = widths.chain(columns.iter().flatten().map(|column| column + 1)).max().unwrap_or(0);
        let (mut width, mut columns) = (widest, columns.clone());
        let mut added = vec![];
        for (nth, field) in fields.iter().enumerate() {
            let has = |row: &SheetRow| {
                row.texts.get(nth).is_some_and(Option::is_some) || row.reasons.iter().any(|of| blames(of, field))
            };
            if columns.get(nth).copied().flatten().is_none() && table.rows.iter().any(has) {
                columns[nth] = Some(width);
                added.push((width, field.clone()));
                width += 1;
            }
        }
        let (place, errors, allowed, token) = (width, width + 1, width + 2, width + 3);
        if above.is_empty() {
            above.push((0, vec![]));
        }
        let has_names =
            *height == 1 && names_fields(above.last().map_or(&[], |(_, cells)| cells), fields, &columns, &added);
        if let Some((_, cells)) = above.last_mut() {
            cells.resize(token + 1, String::new());
            for (column, field) in added {
                cells[column] = field;
            }
            let extra = [(place, ExtraColumn::Place), (errors, ExtraColumn::Errors), (allowed, ExtraColumn::Allowed)];
            for (column, extra) in extra {
                // A raw field may be called the same.
                let mut name = extra.heading(language);
                while fields.iter().any(|field| without_blanks(field) == without_blanks(&name)) {
                    name.push('*');
                }
                cells[column] = name;
            }
            if has_names {
                cells[token] = TOKEN.to_owned();
            }
        }
        let last = above.last().map_or(0, |(row, _)| *row);
        let names = (!has_names).then(|| {
            let mut cells = vec![String::new(); token + 1];
            for (column, field) in columns.iter().zip(fields).filter_map(|(column, field)| Some(((*column)?, field))) {
                cells[column].clone_from(field);
            }
            cells[token] = TOKEN.to_owned();
            (last + 1, cells)
        });
        let first = last + if names.is_some() { 2 } else { 1 };
        let merged = if stays { merged.clone() } else { vec![] };
        Self { above, merged, names, first, columns, place, errors, allowed, token }
    }

    /// Returns the cells of a row: the sender's with the corrections that hold, and those beside them.
    fn fill_row(&self, row: &SheetRow, language: Language) -> Vec<String> {
        let mut cells = row.cells.clone();
        cells.resize(self.token + 1, String::new());
        for (column, text) in self.columns.iter().zip(&row.texts) {
            if let Some(column) = column {
                cells[*column] = text.clone().unwrap_or_default();
            }
        }
        cells[self.place].clone_from(&row.address);
        cells[self.errors] = explain(&row.reasons, language);
        cells[self.allowed] = list_allowed(&row.reasons);
        cells[self.token].clone_from(&row.token);
        cells.iter().map(|cell| to_cell(cell)).collect()
    }
}

/// Whether the cells of a header name each field that has a column, and no field twice.
fn names_fields(header: &[String], fields: &[String], columns: &[Option<usize>], added: &[(usize, String)]) -> bool {
    fields.iter().zip(columns).all(|(field, column)| {
        let wanted = without_blanks(field);
        let found: Vec<usize> =
            header.iter().enumerate().filter(|(_, name)| without_blanks(name) == wanted).map(|(at, _)| at).collect();
        match column {
            Some(column) if added.iter().any(|(of, _)| of == column) => found.is_empty(),
            Some(column) => found == [*column],
            None => found.is_empty(),
        }
    })
}

/// Whether a reason is about a field.
fn blames(of: &Problem, field: &str) -> bool {
    of.source_field.split(", ").any(|one| one == field)
}

/// Returns a text as a cell shows it.
pub(crate) fn to_cell(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control() || *c == '\n').take(MAX_CELL).collect()
}

/// Returns a column name as headers are compared.
fn without_blanks(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Says what is wrong in a row: one line for each reason.
fn explain(reasons: &[Problem], language: Language) -> String {
    let line = |of: &Problem| {
        let expected = of.expected.to_sentence(language);
        match of.source_field.as_str() {
            "" => expected,
            field => format!("{field}: {expected}"),
        }
    };
    to_cell(&reasons.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// Lists the values that are allowed, for fields with a closed list of values.
fn list_allowed(reasons: &[Problem]) -> String {
    #[derive(Debug, Serialize, serde::Deserialize)]
    struct OneOf {
        code: String,
        values: Vec<String>,
    }
    let values = |of: &Problem| -> Option<String> {
        let one_of: OneOf = of.expected.clone().into_type()?;
        (one_of.code == "expected.one_of").then(|| one_of.values.join(" | "))
    };
    to_cell(&reasons.iter().filter_map(values).collect::<Vec<_>>().join("\n"))
}
