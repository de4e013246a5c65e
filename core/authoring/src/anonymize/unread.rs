//! Masks the words that a manifest does not read: titles, notes and signatures, columns that are not mapped, other
//! sheets, comments. They may name anybody, so their letters are replaced; what the manifest reads stays.

use std::collections::HashSet;

use huiliu_decode::decode::{DecodeError, RawRecord};
use huiliu_decode::parts::{Body, Part};
use huiliu_decode::table::remove_whitespace;
use huiliu_manifest::{Format, Layout};
use huiliu_values::date::parse_date;

use crate::anonymize::people::PersonGenerator;
use crate::anonymize::runs::{Run, Script};
use crate::anonymize::search::{Kind, RunReplacement};

/// What stands in place of a letter.
const MASK: char = '某';
/// Words that name nobody and are often asked about later: they stay wherever they are.
const HARMLESS: &[&str] = &[
    "男",
    "女",
    "是",
    "否",
    "有",
    "无",
    "合格",
    "不合格",
    "优秀",
    "良好",
    "及格",
    "不及格",
    "通过",
    "未通过",
    "合计",
    "小计",
    "总计",
    "TRUE",
    "FALSE",
    "true",
    "false",
    "null",
];
/// Chinese characters of amounts and dates, which are no names after a number.
const AFTER_NUMBERS: &str = "年月日号至到上下午时分秒学课小半天个节元次第期级届%";
/// A run of at least this many digits that is no date may be a number by which a person is reached.
const MIN_NUMBER: usize = 7;
/// Longest text that can be the name of a column, in characters.
const MAX_COLUMN_NAME: usize = 40;
/// Elements whose Latin letters mean something to the program that opens a workbook.
const CODES: &[&str] = &[
    "f",
    "formula",
    "formula1",
    "formula2",
    "definedName",
    "oddHeader",
    "oddFooter",
    "evenHeader",
    "evenFooter",
    "firstHeader",
    "firstFooter",
    "style",
    "script",
];

/// Which letters of a run are masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letters {
    /// All but Latin ones.
    NotLatin,
    All,
}

/// The texts that a manifest reads in a page.
#[derive(Debug, Default)]
pub(super) struct ReadTexts {
    texts: HashSet<String>,
    markers: Vec<String>,
    /// Whether a cell's text may come in pieces, as between the tags of a web page.
    in_pieces: bool,
}

impl ReadTexts {
    /// Collects headers, markers and names of sheets.
    ///
    /// # Errors
    /// [`DecodeError`] if the unpacked page is malformed.
    pub fn new(format: &Format, body: &Body<'_>) -> Result<Self, DecodeError> {
        let mut read = Self { in_pieces: matches!(body, Body::Parts(_)), ..Self::default() };
        if let Format::Json { ok_value: Some(value), .. } = format {
            read.add(value);
        }
        let Some(layout) = format.layout() else { return Ok(read) };
        read.markers = layout.skip_markers.iter().chain(&layout.end_markers).cloned().collect();
        for part in body.split_parts()? {
            read.texts.extend(part.head.sheet.as_deref().map(|name| name.trim().to_owned()));
            read.add_headers(&list_rows(format, &part), layout);
        }
        Ok(read)
    }

    /// Adds the texts of a record that the manifest reads, except those of `persons`.
    pub fn add_record(&mut self, record: &RawRecord<'_>, persons: &[usize]) {
        for (slot, text) in record.texts.iter().enumerate() {
            if let Some(text) = text.as_deref().filter(|_| !persons.contains(&slot)) {
                self.add(text);
            }
        }
    }

    fn add(&mut self, text: &str) {
        let text = text.trim();
        if self.in_pieces {
            self.texts.extend(text.split_whitespace().map(str::to_owned));
        }
        self.texts.insert(text.to_owned());
    }

    /// Adds the cells of the rows in which the layout's header stands.
    fn add_headers(&mut self, rows: &[Vec<String>], layout: &Layout) {
        let high = if layout.header_rows.0 == 2 { 2 } else { 1 };
        let parts = |name: &String| -> Vec<String> {
            let whole = remove_whitespace(name);
            if high == 1 { vec![whole] } else { whole.split('/').map(str::to_owned).collect() }
        };
        let is_in = |name: &String, cells: &[String]| parts(name).iter().all(|part| cells.contains(part));
        let stands = |name: &String, cells: &[String]| {
            is_in(name, cells) || layout.aliases.get(name).is_some_and(|others| others.iter().any(|o| is_in(o, cells)))
        };
        for window in rows.windows(high.min(rows.len()).max(1)) {
            let cells: Vec<String> = window.iter().flatten().map(|cell| remove_whitespace(cell)).collect();
            if !layout.header.is_empty() && layout.header.iter().all(|name| stands(name, &cells)) {
                // A name may come in pieces, between which there is a line break.
                let pieces = window.iter().flatten().flat_map(|cell| cell.split_whitespace()).map(str::to_owned);
                let pieces = pieces.filter(|_| self.in_pieces);
                let names = cells.into_iter().filter(|cell| cell.chars().count() <= MAX_COLUMN_NAME).chain(pieces);
                self.texts.extend(names);
            }
        }
    }

    fn contains(&self, text: &str) -> bool {
        let text = text.trim();
        let pieces = || self.in_pieces && text.split_whitespace().all(|piece| self.texts.contains(piece));
        HARMLESS.contains(&text)
            || self.texts.contains(text)
            || self.texts.contains(&remove_whitespace(text))
            || pieces()
    }

    /// Masks a run that the manifest does not read. Characters that were replaced already stay.
    pub fn mask_run(&self, run: &Run, made: &mut RunReplacement, script: Script, chance: PersonGenerator<'_>) {
        let chars: Vec<char> = run.atoms.iter().map(|atom| atom.read).collect();
        let text: String = chars.iter().collect();
        // Colours, and errors of a sheet.
        let is_sign = text.starts_with('#') && text.is_ascii() && text.len() <= 9;
        if run.is_key || is_sign || self.contains(&text) || is_amount(text.trim()) {
            return;
        }
        let from = self.marker_length(&chars);
        let letters = if run.attribute { Letters::NotLatin } else { letters_of(run, &text, script) };
        for (at, c) in chars.iter().enumerate().skip(from) {
            let masked = if c.is_ascii_alphabetic() { letters == Letters::All } else { c.is_alphabetic() };
            if masked && !made.is_settled(at) {
                made.texts[at] = Some(
                    if c.is_ascii_lowercase() {
                        'x'
                    } else if c.is_ascii() {
                        'X'
                    } else {
                        MASK
                    }
                    .into(),
                );
            }
        }
        let is_code =
            run.attribute || CODES.contains(&run.element.as_str()) || script == Script::Sheet && run.element == "v";
        if !is_code && parse_date(text.trim()).is_err() {
            mask_numbers(&chars, made, chance);
        }
    }

    /// Returns how many characters belong to a marker that the text begins with.
    fn marker_length(&self, chars: &[char]) -> usize {
        let length = |marker: &String| {
            let mut at = 0;
            for wanted in marker.chars().filter(|c| !c.is_whitespace()) {
                at += chars.get(at..)?.iter().take_while(|c| c.is_whitespace()).count();
                if chars.get(at)? != &wanted {
                    return None;
                }
                at += 1;
            }
            Some(at)
        };
        self.markers.iter().filter_map(length).max().unwrap_or(0)
    }
}

/// Decides which letters of a run can name somebody. In an interface, a single word in Latin letters is a code.
fn letters_of(run: &Run, text: &str, script: Script) -> Letters {
    if CODES.contains(&run.element.as_str()) {
        return Letters::NotLatin;
    }
    match script {
        Script::Sheet | Script::Cells(_) | Script::Page => Letters::All,
        Script::Json | Script::Markup => {
            let words = text.split_whitespace().filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
            if words.count() > 1 { Letters::All } else { Letters::NotLatin }
        }
    }
}

/// Returns whether a text is a date or an amount with its unit.
fn is_amount(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_digit());
    begins
        && text.chars().all(|c| !c.is_alphabetic() || AFTER_NUMBERS.contains(c))
        && text.chars().any(char::is_alphabetic)
}

/// Replaces long numbers that are no dates.
fn mask_numbers(chars: &[char], made: &mut RunReplacement, chance: PersonGenerator<'_>) {
    let text: String = chars.iter().collect();
    if text.trim().parse::<f64>().is_ok() && text.contains('.') {
        return;
    }
    let mut at = 0;
    while at < chars.len() {
        let length = chars[at..].iter().take_while(|c| c.is_ascii_digit()).count();
        let digits: String = chars[at..at + length].iter().collect();
        let is_date = matches!(length, 8 | 14) && parse_date(&digits[..8]).is_ok();
        if length >= MIN_NUMBER && !is_date && !(at..at + length).any(|place| made.is_settled(place)) {
            for (place, c) in (at..).zip(chance.fake_digits(&digits, 1).chars()) {
                made.texts[place] = Some(c.into());
            }
            made.found.push(Kind::Other);
        }
        at += length.max(1);
    }
}

/// Returns the cells of a part's rows.
fn list_rows(format: &Format, part: &Part<'_>) -> Vec<Vec<String>> {
    if let Format::Csv { separator, .. } = format {
        let reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator.0)
            .from_reader(part.text.as_bytes());
        let cells = |record: ::csv::StringRecord| record.iter().map(str::to_owned).collect();
        return reader.into_records().map_while(Result::ok).map(cells).collect();
    }
    let cells = |line: &str| -> Option<Vec<String>> {
        let cells: Vec<serde_json::Value> = serde_json::from_str(line.split_once('\t')?.1).ok()?;
        Some(cells.iter().filter_map(|cell| cell.as_str().map(str::to_owned)).collect())
    };
    part.text.lines().filter_map(cells).collect()
}
