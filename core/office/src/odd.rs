//! Cells of an .xlsx sheet that the library cannot read or tells nothing about. Such cells are found by reading the sheet a
//! second time beside the first; sheets without them are read only once.

use std::cell::OnceCell;
use std::io::{BufReader, Read};

use calamine::XlsxError;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::json;

use crate::CellAddress;
use crate::cell::Cell;
use crate::package::{Package, attribute};

/// Number of bytes that are searched at once.
const STEP: usize = 64 << 10;

/// A cell without a value that can be read.
pub(crate) enum OddCell {
    /// The error of a formula that the library does not know.
    Error(String),
    /// A formula that has no saved value.
    Uncalculated(String),
    /// A value that contradicts the workbook.
    Unreadable(String),
}

impl Cell for OddCell {
    fn write_json(&self, out: &mut String) -> bool {
        let json = match self {
            Self::Error(text) => json!({ "error": text }),
            Self::Uncalculated(text) => json!({ "uncalculated": text }),
            Self::Unreadable(text) => json!({ "unreadable": text }),
        };
        out.push_str(&json.to_string());
        true
    }
}

/// Returns whether an error of the library is about one cell only; the cells after it can still be read.
pub(crate) fn is_of_one_cell(error: &XlsxError) -> bool {
    matches!(
        error,
        XlsxError::CellError(_)
            | XlsxError::CellTAttribute(_)
            | XlsxError::ParseFloat(_)
            | XlsxError::Unrecognized { .. }
            | XlsxError::UnexpectedNode(_)
            | XlsxError::Unexpected(_)
    )
}

/// A cell as the second reading finds it.
#[derive(Debug, Default, Clone)]
pub(crate) struct FoundCell {
    /// Its address, if the file states it.
    pub(crate) address: Option<CellAddress>,
    /// Its `t`.
    kind: String,
    value: String,
    formula: Option<String>,
}

impl FoundCell {
    /// Returns what the cell is if the library cannot read it.
    pub(crate) fn into_odd(self) -> OddCell {
        match self.kind.as_str() {
            "e" => OddCell::Error(self.value),
            _ => OddCell::Unreadable(self.value),
        }
    }

    /// Returns the cell if it has a formula and no value.
    pub(crate) fn into_uncalculated(self) -> Option<OddCell> {
        self.formula.map(|formula| OddCell::Uncalculated(format!("={formula}")))
    }
}

/// What must be known for reading a sheet a second time; it is determined when it is first asked for.
pub(crate) struct SecondReading<'a> {
    archive: &'a [u8],
    sheet: &'a str,
    path: OnceCell<Option<String>>,
    has_formula: OnceCell<bool>,
}

impl<'a> SecondReading<'a> {
    pub(crate) fn new(archive: &'a [u8], sheet: &'a str) -> Self {
        Self { archive, sheet, path: OnceCell::new(), has_formula: OnceCell::new() }
    }

    /// Returns the path of the sheet in its archive.
    pub(crate) fn path(&self) -> Option<&str> {
        let find = || Package::open(self.archive)?.find_sheet(self.sheet);
        self.path.get_or_init(find).as_deref()
    }

    /// Returns whether the sheet has a formula.
    pub(crate) fn has_formula(&self) -> bool {
        *self.has_formula.get_or_init(|| self.path().is_some_and(|path| has_formula(self.archive, path)))
    }
}

fn has_formula(archive: &[u8], path: &str) -> bool {
    let Some(mut package) = Package::open(archive) else { return false };
    let Some(mut member) = package.open_member(path) else { return false };
    let (mut bytes, mut held) = (vec![0; STEP], 0);
    loop {
        let Ok(read @ 1..) = member.read(&mut bytes[held..]) else { return false };
        let seen = &bytes[..held + read];
        let ends = |at: usize| seen.get(at + 1).is_some_and(|b| matches!(b, b'>' | b' ' | b'/'));
        let begins = |at: usize| at.checked_sub(1).is_some_and(|at| matches!(seen[at], b'<' | b':'));
        if memchr::memchr_iter(b'f', seen).any(|at| begins(at) && ends(at)) {
            return true;
        }
        let last = seen.len().saturating_sub(2)..seen.len();
        held = last.len();
        bytes.copy_within(last, 0);
    }
}

/// Reads a sheet up to the cells that are asked for, in their order.
pub(crate) struct Locator<R: Read> {
    reader: Reader<BufReader<R>>,
    buffer: Vec<u8>,
    inside: bool,
    /// Number of cells so far.
    count: u64,
}

impl<R: Read> Locator<R> {
    pub(crate) fn new(sheet: R) -> Self {
        let mut reader = Reader::from_reader(BufReader::with_capacity(STEP, sheet));
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = false;
        Self { reader, buffer: vec![], inside: false, count: 0 }
    }

    /// Returns the cell with this number, from 1. The numbers of later calls must be higher.
    pub(crate) fn find_cell(&mut self, number: u64) -> Option<FoundCell> {
        let mut cell = FoundCell::default();
        // The text that is being read: of the formula or of the value.
        let mut within = None;
        loop {
            self.buffer.clear();
            match self.reader.read_event_into(&mut self.buffer).ok()? {
                Event::Start(e) => match e.local_name().as_ref() {
                    "sheetData" => self.inside = true,
                    "c" if self.inside => {
                        self.count += 1;
                        if self.count == number {
                            let address = attribute(&e, "r").and_then(|text| parse_address(&text));
                            cell = FoundCell { address, kind: attribute(&e, "t").unwrap_or_default(), ..cell };
                        }
                    }
                    "f" if self.count == number => {
                        cell.formula = Some(String::new());
                        within = Some(true);
                    }
                    "v" | "t" if self.count == number => within = Some(false),
                    _ => {}
                },
                Event::End(e) => {
                    within = None;
                    if e.local_name().as_ref() == "c" && self.count == number {
                        return Some(cell);
                    }
                }
                Event::Text(text) => {
                    let into = match within {
                        Some(true) => cell.formula.as_mut(),
                        Some(false) => Some(&mut cell.value),
                        None => None,
                    };
                    if let Some(into) = into.filter(|into| into.len() < 1_000) {
                        into.push_str(&text.xml10_content());
                    }
                }
                Event::Eof => return None,
                _ => {}
            }
        }
    }
}

fn parse_address(text: &str) -> Option<CellAddress> {
    let (letters, digits) = text.split_at(text.find(|c: char| c.is_ascii_digit())?);
    let column = letters.bytes().try_fold(0_u32, |column, letter| {
        let letter = letter.to_ascii_uppercase();
        if !letter.is_ascii_uppercase() {
            return None;
        }
        column.checked_mul(26)?.checked_add(u32::from(letter - b'A') + 1)
    })?;
    Some(CellAddress { row: digits.parse::<u32>().ok()?.checked_sub(1)?, column: column.checked_sub(1)? })
}
