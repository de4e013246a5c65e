//! Correction sheets: workbooks with the rows of dead letters as they were received. Guilty cells are coloured, and what is wrong
//! stands beside them. A hidden column says which letter a row is, so a sheet is recognised whatever its name.

use std::collections::BTreeSet;

use rust_xlsxwriter::{Color, Format as CellFormat, Workbook, XlsxError};
use serde::Serialize;

use huiliu_decode::decode::DecodeError;
use huiliu_decode::unpacker::Unpacker;
use huiliu_decode::{Body, Problem, RecordRange, correction_mark, decode, draft};
use huiliu_manifest::Stream;
use huiliu_messages::{Language, Message};

/// The heading of the hidden column.
pub(crate) const TOKEN: &str = correction_mark::COLUMN;
/// The most characters of a cell.
const MAX_CELL: usize = 32_000;
/// The most rows of a sheet.
pub(crate) const MAX_ROWS: usize = 100_000;

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
    pub token: String,
    pub address: String,
    pub texts: Vec<Option<String>>,
    pub reasons: Vec<Problem>,
}

/// Returns a text as a cell shows it.
pub(crate) fn to_cell(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control() || *c == '\n').take(MAX_CELL).collect()
}

/// Writes a workbook. Every value is a text, so none is a formula and no digit is lost.
///
/// # Errors
/// [`XlsxError`] if there is too much for a workbook.
pub(crate) fn write_workbook(
    stream: &str,
    fields: &[String],
    rows: &[SheetRow],
    language: Language,
) -> Result<Vec<u8>, XlsxError> {
    let text = CellFormat::new().set_num_format("@");
    let heading = CellFormat::new().set_num_format("@").set_bold();
    let guilty = CellFormat::new().set_num_format("@").set_background_color(Color::RGB(0x00FF_C7CE));
    let told = CellFormat::new().set_num_format("@").set_font_color(Color::RGB(0x009C_0006)).set_text_wrap();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    // A sheet has at most 31 characters, and not all of those that a stream may have.
    let name: String = stream.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(31).collect();
    if !name.is_empty() {
        sheet.set_name(name)?;
    }
    let column = |nth: usize| u16::try_from(nth).unwrap_or(u16::MAX);
    let (place, errors, allowed, token) = (fields.len(), fields.len() + 1, fields.len() + 2, fields.len() + 3);
    for (nth, field) in fields.iter().enumerate() {
        sheet.write_string_with_format(0, column(nth), field, &heading)?;
        sheet.set_column_format(column(nth), &text)?;
        sheet.set_column_width(column(nth), 16)?;
    }
    let beside =
        [(place, ExtraColumn::Place, 24), (errors, ExtraColumn::Errors, 50), (allowed, ExtraColumn::Allowed, 30)];
    for (nth, extra, width) in beside {
        // A raw field may be called the same.
        let mut name = extra.heading(language);
        while fields.iter().any(|field| without_blanks(field) == without_blanks(&name)) {
            name.push('*');
        }
        sheet.write_string_with_format(0, column(nth), name, &heading)?;
        sheet.set_column_width(column(nth), width)?;
    }
    sheet.write_string_with_format(0, column(token), TOKEN, &heading)?;
    sheet.set_column_hidden(column(token))?;
    sheet.set_freeze_panes(1, 0)?;
    for (nth, row) in rows.iter().enumerate() {
        let line = u32::try_from(nth + 1).unwrap_or(u32::MAX);
        let is_guilty = |field: &str| row.reasons.iter().any(|of| of.source_field.split(", ").any(|one| one == field));
        for (nth, (field, value)) in fields.iter().zip(&row.texts).enumerate() {
            let format = if is_guilty(field) { &guilty } else { &text };
            let shown = value.as_deref().map(to_cell).unwrap_or_default();
            match shown.is_empty() {
                true => sheet.write_blank(line, column(nth), format)?,
                false => sheet.write_string_with_format(line, column(nth), shown, format)?,
            };
        }
        sheet.write_string_with_format(line, column(place), to_cell(&row.address), &text)?;
        sheet.write_string_with_format(line, column(errors), explain(&row.reasons, language), &told)?;
        sheet.write_string_with_format(line, column(allowed), list_allowed(&row.reasons), &text)?;
        sheet.write_string_with_format(line, column(token), &row.token, &text)?;
    }
    workbook.save_to_buffer()
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

/// A row that was handed in.
#[derive(Debug)]
pub(crate) struct HandedRow {
    /// Sheet and row.
    pub address: String,
    /// What stands in the hidden column.
    pub token: Option<String>,
    /// The texts of the columns, in the order that was asked for. A column that is not there has no text.
    pub texts: Vec<Option<String>>,
    /// The columns whose cells cannot be relied on, such as an ID number that became a number.
    pub doubtful: BTreeSet<usize>,
    /// The columns whose cells are numbers.
    pub numbers: BTreeSet<usize>,
}

/// A sheet that was handed in.
pub(crate) struct HandedSheet<'b> {
    stream: Stream,
    body: Body<'b>,
    name: String,
}

impl<'b> HandedSheet<'b> {
    /// Opens a workbook that has the hidden column; `None` for any other file.
    pub async fn open(unpacker: &Unpacker, of: &Stream, name: &str, bytes: &'b [u8]) -> Option<Self> {
        let (stream, body) = correction_mark::open(unpacker, of, bytes).await?;
        Some(Self { stream, body, name: name.to_owned() })
    }

    /// Reads all rows at these columns. Returns also which columns there are.
    ///
    /// # Errors
    /// [`DecodeError`], such as for a column name that stands twice.
    pub fn read_rows(&self, fields: &[String]) -> Result<(Vec<HandedRow>, Vec<bool>), DecodeError> {
        let present: Vec<bool> =
            fields.iter().map(|field| correction_mark::has_columns(&self.body, &[field])).collect();
        let paths: Vec<&str> = std::iter::once(TOKEN).chain(fields.iter().map(String::as_str)).collect();
        let raw = decode::decode_records(&self.stream.format, &self.body, &paths, RecordRange::ALL)?;
        let row = |record: decode::RawRecord<'_>| {
            let doubt = |slot: &usize| draft::Doubt::of_slot(&record, *slot).is_some();
            let doubtful = (1..paths.len()).filter(doubt).map(|slot| slot - 1).collect();
            let is_number = |slot: &usize| record.stored_kind(*slot) == decode::Stored::Number;
            let numbers = (1..paths.len()).filter(is_number).map(|slot| slot - 1).collect();
            let mut texts = record.texts.iter().map(|text| text.as_deref().map(to_cell));
            let token = texts.next().flatten();
            HandedRow { address: record.format_address(&self.name), token, texts: texts.collect(), doubtful, numbers }
        };
        Ok((raw.into_iter().map(row).collect(), present))
    }
}
