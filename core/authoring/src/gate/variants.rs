//! Makes variants of a sample, as platforms, offices and networks spoil them, with the result that each must have.

use serde_json::Value;

use crate::gate::difference::{Difference, VariantName};
use huiliu_decode::decode::{self, DecodeError};
use huiliu_decode::table::{self, TableReader, TableRow};
use huiliu_manifest::{Encoding, Format, Layout, Stream};

/// The required result of a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredOutcome {
    /// The sample's outcomes; only addresses may differ.
    BeTheSame,
    /// The payload as a whole is refused.
    BeRefused,
    /// Refused, or no clean record that the sample does not have.
    AddNothing,
}

/// A changed copy of a sample.
#[derive(Debug, Clone)]
pub struct Variant {
    /// What was done to the sample.
    pub name: VariantName,
    /// The changed payload.
    pub bytes: Vec<u8>,
    /// The required result.
    pub must: RequiredOutcome,
}

const LOGIN_PAGE: &[u8] =
    b"<!DOCTYPE html><html><head><title>Login</title></head><body><form action=\"/login\">Please log in</form></body></html>";

/// Makes the variants of a stream's sample.
#[must_use]
pub fn make_variants(stream: &Stream, sample: &[u8]) -> Vec<Variant> {
    let of = |name, bytes: Vec<u8>, must| Variant { name, bytes, must };
    let mut all = vec![
        of(VariantName::LoginPage, LOGIN_PAGE.to_vec(), RequiredOutcome::BeRefused),
        of(
            VariantName::Empty,
            vec![],
            if is_open_ended(&stream.format) { RequiredOutcome::AddNothing } else { RequiredOutcome::BeRefused },
        ),
    ];
    for (name, per_cent) in
        [(VariantName::FirstQuarter, 25), (VariantName::FirstHalf, 50), (VariantName::NineTenths, 90)]
    {
        all.extend(
            cut_payload(&stream.format, &sample[..sample.len() * per_cent / 100])
                .map(|(bytes, must)| of(name, bytes, must)),
        );
    }
    if let Ok(text) = decode::decode_text(&stream.format, sample) {
        match &stream.format {
            Format::Csv { encoding, separator, layout } => {
                let table = Table { text: &text, separator: separator.0, layout };
                all.extend(table.make_table_variants(*encoding));
            }
            Format::Json { .. } | Format::JsonLines { .. } | Format::Xml { .. } => {
                all.push(of(VariantName::ByteOrderMark, with_byte_order_mark(&text), RequiredOutcome::BeTheSame));
                all.push(of(
                    VariantName::BlankLines,
                    format!("\n{}\n\n", text.trim()).into_bytes(),
                    blank_lines_must(&stream.format),
                ));
            }
            Format::Workbook { .. } => {}
        }
    }
    all
}

/// Returns the result that a text with blank lines around it must have: an XML declaration is only allowed at the very
/// beginning.
fn blank_lines_must(format: &Format) -> RequiredOutcome {
    if matches!(format, Format::Xml { .. }) { RequiredOutcome::AddNothing } else { RequiredOutcome::BeTheSame }
}

/// Returns whether a truncated payload looks complete, because the format is a sequence of lines.
fn is_open_ended(format: &Format) -> bool {
    matches!(format, Format::Csv { .. } | Format::JsonLines { .. })
}

/// Truncates a payload and returns the required result. Delimited text is cut between cells, because half a cell cannot
/// be told from a whole one. Delimited text that is declared a workbook is left out: it has no reliable end.
fn cut_payload(format: &Format, beginning: &[u8]) -> Option<(Vec<u8>, RequiredOutcome)> {
    let until =
        |separator: u8| beginning.iter().rposition(|byte| *byte == separator).map(|at| beginning[..at].to_vec());
    match format {
        Format::Csv { encoding: Encoding::Utf16, .. } => None,
        Format::Csv { separator, .. } => Some((until(separator.0)?, RequiredOutcome::AddNothing)),
        Format::JsonLines { .. } => Some((beginning.to_vec(), RequiredOutcome::AddNothing)),
        Format::Workbook { .. } if is_text(beginning) => None,
        Format::Workbook { .. } | Format::Json { .. } | Format::Xml { .. } => {
            Some((beginning.to_vec(), RequiredOutcome::BeRefused))
        }
    }
}

/// Returns whether a payload that is declared a workbook is in fact delimited text.
fn is_text(bytes: &[u8]) -> bool {
    let is_binary = bytes.starts_with(b"PK") || bytes.starts_with(b"\xd0\xcf\x11\xe0");
    let is_page = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
    !is_binary && !is_page
}

fn with_byte_order_mark(text: &str) -> Vec<u8> {
    [b"\xef\xbb\xbf", text.trim_start_matches('\u{FEFF}').as_bytes()].concat()
}

/// Delimited text, to be rewritten in other ways.
struct Table<'a> {
    text: &'a str,
    separator: u8,
    layout: &'a Layout,
}

impl Table<'_> {
    fn make_table_variants(&self, declared: Encoding) -> Vec<Variant> {
        let own = |text: &str| encode_as_declared(text, declared);
        let of = |name, bytes, must| Variant { name, bytes, must };
        let lines: Vec<&str> = self.text.split_inclusive('\n').collect();
        let mut all = vec![
            of(
                VariantName::TitleLine,
                own(&format!("某某省教师培训登记表\n{}", self.text)),
                RequiredOutcome::BeTheSame,
            ),
            of(VariantName::LineEnds, own(&swap_line_ends(self.text)), RequiredOutcome::BeTheSame),
            of(VariantName::Utf8Mark, with_byte_order_mark(self.text), RequiredOutcome::BeTheSame),
        ];
        let gb18030 = encoding_rs::GB18030.encode(self.text).0.into_owned();
        let told = matches!(declared, Encoding::Auto | Encoding::Gb18030);
        all.push(of(
            VariantName::Gb18030,
            gb18030,
            if told { RequiredOutcome::BeTheSame } else { RequiredOutcome::AddNothing },
        ));
        if let Some(header) = self.header_line(&lines) {
            // The header can be repeated between the records.
            let without: String =
                lines.iter().filter(|line| line.trim_end() != lines[header].trim_end()).copied().collect();
            all.push(of(VariantName::NoHeader, own(&without), RequiredOutcome::BeRefused));
        }
        all.extend(
            self.reverse_columns().map(|text| of(VariantName::ReversedColumns, own(&text), RequiredOutcome::BeTheSame)),
        );
        all
    }

    fn parse_rows(&self) -> Option<Vec<Vec<String>>> {
        let mut reader = ::csv::ReaderBuilder::new();
        let mut reader =
            reader.has_headers(false).flexible(true).delimiter(self.separator).from_reader(self.text.as_bytes());
        reader.records().map(|row| Some(row.ok()?.iter().map(str::to_owned).collect())).collect()
    }

    fn is_header(&self, cells: &[String]) -> bool {
        let names: Vec<String> = cells.iter().map(|cell| table::remove_whitespace(cell)).collect();
        matches!(table::find_columns(&names, self.layout, &[]), Ok(Some(_)))
    }

    /// Returns the line of the header; `None` if some cell spans several lines.
    fn header_line(&self, lines: &[&str]) -> Option<usize> {
        let rows = self.parse_rows()?;
        let header = rows.iter().position(|row| self.is_header(row))?;
        let name = rows[header].iter().find(|cell| !cell.trim().is_empty())?;
        lines.iter().position(|line| line.contains(name.as_str())).filter(|_| !self.text.contains("\"\n"))
    }

    /// Reverses the order of the columns in header and records.
    fn reverse_columns(&self) -> Option<String> {
        let mut rows = self.parse_rows()?;
        let header = rows.iter().position(|row| self.is_header(row))?;
        let width = rows[header].len();
        let names: Vec<String> = rows[header].iter().map(|name| table::remove_whitespace(name)).collect();
        let mut reader = TableReader::below_header(&names, vec![names.clone()], self.layout, &[]).ok()??;
        rows[header].reverse();
        for row in &mut rows[header + 1..] {
            let role = reader.take_row(row.iter().map(String::as_str));
            // A row is recognised as a footer or note by its first cell, so such rows stay as they are.
            let is_of_table = matches!(role, TableRow::Record | TableRow::Suspect) || self.is_header(row);
            if is_of_table && row.len() == width {
                row.reverse();
            }
        }
        let mut writer = ::csv::WriterBuilder::new().flexible(true).delimiter(self.separator).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).ok()?;
        }
        String::from_utf8(writer.into_inner().ok()?).ok()
    }
}

fn swap_line_ends(text: &str) -> String {
    if text.contains("\r\n") { text.replace("\r\n", "\n") } else { text.replace('\n', "\r\n") }
}

fn encode_as_declared(text: &str, declared: Encoding) -> Vec<u8> {
    match declared {
        Encoding::Gb18030 => encoding_rs::GB18030.encode(text).0.into_owned(),
        Encoding::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Auto | Encoding::Utf8 => text.as_bytes().to_vec(),
    }
}

/// Returns how a variant's outcomes violate the requirement; `None` if they meet it.
#[must_use]
pub fn find_violation(
    must: RequiredOutcome,
    sample: &[Value],
    got: &Result<Vec<Value>, DecodeError>,
) -> Option<Difference> {
    let bare = |outcomes: &[Value]| outcomes.iter().map(without_address).collect::<Vec<_>>();
    match (must, got) {
        (RequiredOutcome::BeTheSame, Err(fault)) => Some(Difference::Refused { why: fault.clone() }),
        (RequiredOutcome::BeTheSame, Ok(got)) => {
            let (got, wanted) = (bare(got), bare(sample));
            crate::gate::outcomes::list_differences(&got, &wanted).into_iter().next()
        }
        (RequiredOutcome::BeRefused, Ok(got)) => Some(Difference::Taken { records: got.len() }),
        (RequiredOutcome::AddNothing, Ok(got)) => {
            let known = bare(sample);
            let new = bare(got).into_iter().find(|outcome| outcome.get("clean").is_some() && !known.contains(outcome));
            new.map(|outcome| Difference::NewRecord { found: outcome.to_string() })
        }
        (RequiredOutcome::BeRefused | RequiredOutcome::AddNothing, Err(_)) => None,
    }
}

fn without_address(outcome: &Value) -> Value {
    let mut outcome = outcome.clone();
    if let Some(parked) = outcome.get_mut("parked").and_then(Value::as_object_mut) {
        parked.remove("address");
    }
    outcome
}
