//! Reads tables of people from CSV files with a header, row by row. The encoding, UTF-8 or GB18030, is detected;
//! columns are assigned to roles.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek as _};
use std::path::Path;

use encoding_rs::{DecoderResult, Encoding};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use huiliu_messages::{SystemError, TomlError, said_in_english};
use serde::{Deserialize, Serialize};

use crate::numbers::IdForm;
use crate::profile::{DateOrder, Profile, Role};
use crate::weights::{Thresholds, WeightsProblem, check_thresholds, line_and_column};

/// Meaning of the columns of two tables.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The column whose value identifies a row.
    pub id: String,
    /// The character between cells; a comma by default.
    #[serde(default = "comma")]
    pub separator: char,
    /// The order of the numbers in a date.
    #[serde(default)]
    pub dates: DateOrder,
    /// Role → its column or columns.
    pub roles: HashMap<Role, ColumnNames>,
    /// Columns of the second table, if they differ.
    #[serde(default)]
    pub right: Option<Box<Columns>>,
    /// Whether a score alone can make a pair definite; see [`Columns::definite_by_score`].
    #[serde(default)]
    pub by_score: Option<bool>,
    /// Bounds that replace the built-in ones.
    #[serde(default)]
    pub thresholds: Overrides,
}

fn comma() -> char {
    ','
}

/// One column, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ColumnNames {
    /// A single column.
    One(String),
    /// Several columns; for texts and former names each counts, for other roles the first usable one.
    More(Vec<String>),
}

/// Bounds that replace the built-in ones; see [`Thresholds`].
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overrides {
    potential: Option<i64>,
    margin: Option<i64>,
    definite_score: Option<i64>,
    candidates: Option<usize>,
    block: Option<usize>,
}

impl Overrides {
    /// Returns the base bounds with these overrides applied.
    ///
    /// # Errors
    /// The requirement that the resulting bounds break.
    pub fn apply_to(&self, base: Thresholds) -> Result<Thresholds, WeightsProblem> {
        let bounds = Thresholds {
            potential: self.potential.unwrap_or(base.potential),
            margin: self.margin.unwrap_or(base.margin),
            definite_score: self.definite_score.unwrap_or(base.definite_score),
            candidates: self.candidates.unwrap_or(base.candidates),
            block: self.block.unwrap_or(base.block),
        };
        check_thresholds(&bounds).map(|()| bounds)
    }
}

/// Why a table, or the file that describes its columns, cannot be read. The sentences are in the catalogues of
/// `huiliu-messages`, under `table-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum TableError {
    /// The file cannot be opened or read.
    #[serde(rename = "table.file")]
    File { file: String, why: SystemError },
    /// A row cannot be read.
    #[serde(rename = "table.row")]
    Row { file: String, why: String },
    /// The configuration does not parse.
    #[serde(rename = "table.config")]
    Config { file: String, line: usize, column: usize, why: TomlError },
    /// A key of the configuration has an impossible value.
    #[serde(rename = "table.setting")]
    Setting { file: String, key: &'static str, why: TableSetting },
    /// The bytes are neither UTF-8 nor GB18030; `line` has the first invalid byte.
    #[serde(rename = "table.encoding")]
    Encoding { file: String, line: u64 },
    /// A column is not in the header.
    #[serde(rename = "table.column")]
    Column { file: String, column: String, header: Vec<String> },
    /// The header contains a column's name twice.
    #[serde(rename = "table.twice")]
    Twice { file: String, column: String },
    /// A row has more or fewer cells than the header.
    #[serde(rename = "table.cells")]
    Cells { file: String, line: u64, found: u64, expected: u64 },
    /// A row has no id.
    #[serde(rename = "table.no_id")]
    NoId { file: String, line: u64, column: String },
    /// Two rows have the same id; `first` is the line of the earlier row.
    #[serde(rename = "table.same_id")]
    SameId { file: String, line: u64, column: String, first: u64 },
    /// A record is longer than the limit; `line` is where it begins.
    #[serde(rename = "table.long")]
    Long { file: String, line: u64 },
}

/// A requirement on the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum TableSetting {
    /// No column has a role.
    #[serde(rename = "table_setting.no_role")]
    NoRole,
    /// The separator is not usable.
    #[serde(rename = "table_setting.separator")]
    Separator,
    /// A third table is described.
    #[serde(rename = "table_setting.right")]
    Right,
}

said_in_english!(TableError, TableSetting);

/// Size limit of a configuration file, in bytes.
const MAX_CONFIG: u64 = 1 << 20;
/// Length limit of a row, in bytes.
const MAX_ROW: usize = 1 << 20;

impl Columns {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// [`TableError::File`], [`TableError::Config`], [`TableError::Setting`].
    pub fn from_file(file: &Path) -> Result<Self, TableError> {
        let name = file.display().to_string();
        let text = huiliu_files::read_given_text(file, MAX_CONFIG)
            .map_err(|e| TableError::File { file: name.clone(), why: e.into() })?;
        let read: Self = toml::from_str(&text).map_err(|e| {
            let (line, column) = line_and_column(&text, &e);
            TableError::Config { file: name.clone(), line, column, why: TomlError::from_parser_message(e.message()) }
        })?;
        let refuse = |key, why| TableError::Setting { file: name.clone(), key, why };
        if read.roles.is_empty() || read.right.as_ref().is_some_and(|right| right.roles.is_empty()) {
            return Err(refuse("roles", TableSetting::NoRole));
        }
        for side in [Some(&read), read.right.as_deref()].into_iter().flatten() {
            if !side.separator.is_ascii() || matches!(side.separator, '"' | '\r' | '\n') {
                return Err(refuse("separator", TableSetting::Separator));
            }
        }
        if read.right.as_ref().is_some_and(|right| right.right.is_some()) {
            return Err(refuse("right.right", TableSetting::Right));
        }
        Ok(read)
    }

    /// Returns the columns of the second table.
    #[must_use]
    pub fn right_columns(&self) -> &Self {
        self.right.as_deref().unwrap_or(self)
    }

    /// Returns whether a score alone can make a pair definite: as the file says; by default, only if none of these
    /// people has a number by which the named rules could decide.
    #[must_use]
    pub fn definite_by_score(&self, people: &[Profile]) -> bool {
        let numbered = |p: &Profile| p.teacher_number.is_some() || p.id.as_ref().is_some_and(IdForm::is_valid);
        self.by_score.unwrap_or_else(|| !people.iter().any(numbered))
    }

    /// Lists roles with their columns in a fixed order.
    fn list_roles(&self) -> Vec<(Role, &str)> {
        let mut listed = vec![];
        for (role, columns) in &self.roles {
            match columns {
                ColumnNames::One(column) => listed.push((*role, column.as_str())),
                ColumnNames::More(columns) => listed.extend(columns.iter().map(|c| (*role, c.as_str()))),
            }
        }
        // The sort is stable: columns of one role keep their order.
        listed.sort_by_key(|(role, _)| *role);
        listed
    }
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The row's id, as written.
    pub id: String,
    /// The person that the row describes.
    pub person: Profile,
}

/// A column with values that cannot be compared.
#[derive(Debug, Clone)]
pub struct UnreadableValues {
    /// Name of the column.
    pub column: String,
    /// Number of these values.
    pub values: u64,
    /// Line of the first of them.
    pub first_line: u64,
}

/// A column of a table, and what it states.
struct RoleColumn {
    role: Role,
    place: usize,
    name: String,
}

/// A table that is read row by row.
pub struct Table {
    file: String,
    rows: csv::Reader<DecodeReaderBytes<BufReader<File>, Vec<u8>>>,
    cells: usize,
    id_place: usize,
    id_name: String,
    columns: Vec<RoleColumn>,
    dates: DateOrder,
    seen: HashMap<String, u64>,
    unreadable: Vec<UnreadableValues>,
}

impl Table {
    /// Opens a table and finds its columns.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn open(path: &Path, columns: &Columns) -> Result<Self, TableError> {
        let file = path.display().to_string();
        let fault = |e: std::io::Error| TableError::File { file: file.clone(), why: e.into() };
        let (mut source, _) = huiliu_files::open_given(path).map_err(|e| fault(e.into()))?;
        let encoding = detect_encoding(&file, &mut source)?;
        source.rewind().map_err(fault)?;
        let text = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).build(BufReader::new(source));
        let mut rows = csv::ReaderBuilder::new()
            .delimiter(columns.separator as u8)
            // Keeps line numbers right for lines that end in CR LF, too.
            .terminator(csv::Terminator::Any(b'\n'))
            .flexible(true)
            .from_reader(text);
        let header: Vec<String> = match rows.headers() {
            Ok(header) => header.iter().map(|name| name.trim_start_matches('\u{FEFF}').trim().to_owned()).collect(),
            Err(e) => return Err(row_fault(&file, &e)),
        };
        let place = |column: &str| {
            let mut at = header.iter().enumerate().filter(|(_, name)| *name == column).map(|(at, _)| at);
            let found = at.next().ok_or_else(|| TableError::Column {
                file: file.clone(),
                column: column.to_owned(),
                header: header.clone(),
            })?;
            match at.next() {
                Some(_) => Err(TableError::Twice { file: file.clone(), column: column.to_owned() }),
                None => Ok(found),
            }
        };
        let id_place = place(&columns.id)?;
        let listed = columns.list_roles().into_iter();
        let columns_at: Result<Vec<_>, TableError> = listed
            .map(|(role, column)| Ok(RoleColumn { role, place: place(column)?, name: column.to_owned() }))
            .collect();
        let unreadable = vec![];
        Ok(Self {
            rows,
            cells: header.len(),
            id_place,
            id_name: columns.id.clone(),
            columns: columns_at?,
            dates: columns.dates,
            seen: HashMap::new(),
            unreadable,
            file,
        })
    }

    /// Returns the next row; `None` at the end.
    ///
    /// # Errors
    /// [`TableError`] with line and column.
    pub fn next_row(&mut self) -> Result<Option<Row>, TableError> {
        let mut record = csv::StringRecord::new();
        loop {
            match self.rows.read_record(&mut record) {
                Ok(true) if record.len() == 1 && record.iter().all(|cell| cell.trim().is_empty()) => {}
                Ok(true) => break,
                Ok(false) => return Ok(None),
                Err(e) => return Err(row_fault(&self.file, &e)),
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        if record.as_slice().len() > MAX_ROW {
            return Err(TableError::Long { file: self.file.clone(), line });
        }
        if record.len() != self.cells {
            let (found, expected) = (record.len() as u64, self.cells as u64);
            return Err(TableError::Cells { file: self.file.clone(), line, found, expected });
        }
        let id = record.get(self.id_place).unwrap_or_default().trim().to_owned();
        let column = || self.id_name.clone();
        if id.is_empty() {
            return Err(TableError::NoId { file: self.file.clone(), line, column: column() });
        }
        if let Some(first) = self.seen.insert(id.clone(), line) {
            return Err(TableError::SameId { file: self.file.clone(), line, column: column(), first });
        }
        let mut person = Profile::default();
        for RoleColumn { role, place, name } in &self.columns {
            if !person.add_text(*role, record.get(*place).unwrap_or_default(), self.dates) {
                match self.unreadable.iter_mut().find(|unreadable| unreadable.column == *name) {
                    Some(unreadable) => unreadable.values += 1,
                    None => {
                        self.unreadable.push(UnreadableValues { column: name.clone(), values: 1, first_line: line })
                    }
                }
            }
        }
        Ok(Some(Row { id, person }))
    }

    /// Returns the columns with values that cannot be compared.
    #[must_use]
    pub fn unreadable(&self) -> &[UnreadableValues] {
        &self.unreadable
    }
}

fn row_fault(file: &str, error: &csv::Error) -> TableError {
    TableError::Row { file: file.to_owned(), why: error.to_string() }
}

/// Detects a file's encoding: by its byte order mark, else UTF-8 if the whole file is valid UTF-8, else GB18030
/// likewise.
fn detect_encoding(file: &str, source: &mut File) -> Result<&'static Encoding, TableError> {
    let fault = |e: std::io::Error| TableError::File { file: file.to_owned(), why: e.into() };
    let mut mark = [0u8; 3];
    let read = source.read(&mut mark).map_err(fault)?;
    if let Some((encoding, _)) = Encoding::for_bom(mark.get(..read).unwrap_or_default()) {
        return Ok(encoding);
    }
    let mut first = 0;
    for encoding in [encoding_rs::UTF_8, encoding_rs::GB18030] {
        source.rewind().map_err(fault)?;
        match first_wrong_line(encoding, source).map_err(fault)? {
            None => return Ok(encoding),
            Some(line) => first = line.max(first),
        }
    }
    Err(TableError::Encoding { file: file.to_owned(), line: first })
}

/// Returns the line of the first byte that is invalid in the encoding; `None` if all are valid.
fn first_wrong_line(encoding: &'static Encoding, source: &mut File) -> std::io::Result<Option<u64>> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let (mut bytes, mut text) = (vec![0u8; 64 << 10], vec![0u8; 256 << 10]);
    let mut line = 1;
    loop {
        let read = source.read(&mut bytes)?;
        let mut rest = bytes.get(..read).unwrap_or_default();
        loop {
            let (result, taken, _) = decoder.decode_to_utf8_without_replacement(rest, &mut text, read == 0);
            line += rest.get(..taken).unwrap_or_default().iter().filter(|b| **b == b'\n').count() as u64;
            rest = rest.get(taken..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => return Ok(Some(line)),
            }
        }
        if read == 0 {
            return Ok(None);
        }
    }
}
