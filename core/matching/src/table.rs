//! Tables of people as files: CSV with a header, read row by row, in UTF-8 or GB18030 (found), columns by their roles.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek as _};
use std::path::Path;

use encoding_rs::{DecoderResult, Encoding};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use serde::Deserialize;

use crate::numbers::IdForm;
use crate::profile::{DateOrder, Profile, Role};
use crate::weights::{Thresholds, check_thresholds};

/// What the columns of two tables mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The column that tells rows apart.
    pub id: String,
    /// What stands between cells; a comma.
    #[serde(default = "comma")]
    pub separator: char,
    /// In which order dates have their numbers.
    #[serde(default)]
    pub dates: DateOrder,
    /// Role → its column or columns.
    pub roles: HashMap<Role, OneOrMore>,
    /// Where the second table names its columns otherwise.
    #[serde(default)]
    pub right: Option<Box<Columns>>,
    /// Whether a score alone can make a pair definite; see [`Columns::definite_by_score`].
    #[serde(default)]
    pub by_score: Option<bool>,
    /// Bounds that differ from the built-in ones.
    #[serde(default)]
    pub thresholds: Overrides,
}

fn comma() -> char {
    ','
}

/// One column, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several, compared each for itself, or the first that is not empty.
    More(Vec<String>),
}

/// Bounds that differ from the built-in ones; see [`Thresholds`].
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
    /// The bounds with these in their places.
    ///
    /// # Errors
    /// What is expected of them.
    pub fn over(&self, base: Thresholds) -> Result<Thresholds, &'static str> {
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

/// Why a table, or the file that says what its columns mean, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableFault {
    /// The file cannot be opened or read.
    #[error("{file}: {why}; check that the file is there and can be read")]
    File {
        /// Which.
        file: String,
        /// The system's words.
        why: std::io::Error,
    },
    /// The configuration does not parse.
    #[error("{file}: {source}")]
    Config {
        /// Which.
        file: String,
        /// The parser's words, with line and column.
        source: Box<toml::de::Error>,
    },
    /// The configuration says something that cannot be.
    #[error("{file}: {place}: {why}")]
    Setting {
        /// Which file.
        file: String,
        /// Which key.
        place: &'static str,
        /// What is expected of it.
        why: &'static str,
    },
    /// The bytes are neither UTF-8 nor GB18030.
    #[error("{file}, line {line}: the bytes are neither UTF-8 nor GB18030; save the file in one of them")]
    Encoding {
        /// Which.
        file: String,
        /// Where the first wrong byte stands.
        line: u64,
    },
    /// A column is not in the header.
    #[error("{file}, line 1: no column {column:?}; the header has {header}")]
    Column {
        /// Which file.
        file: String,
        /// The missing column.
        column: String,
        /// What is there.
        header: String,
    },
    /// A column's name stands twice in the header.
    #[error("{file}, line 1: column {column:?} is there twice; give each its own name")]
    Twice {
        /// Which file.
        file: String,
        /// The column.
        column: String,
    },
    /// A row has more or fewer cells than the header.
    #[error("{file}, line {line}: {found} cells, the header has {expected}; is a quote or separator missing?")]
    Cells {
        /// Which file.
        file: String,
        /// Where the row begins.
        line: u64,
        /// Cells of the row.
        found: u64,
        /// Cells of the header.
        expected: u64,
    },
    /// A row has no id.
    #[error("{file}, line {line}, column {column:?}: no id; each row needs one")]
    NoId {
        /// Which file.
        file: String,
        /// Where the row begins.
        line: u64,
        /// The id's column.
        column: String,
    },
    /// An id stands in two rows.
    #[error("{file}, line {line}, column {column:?}: this id stands in line {first} already; ids must differ")]
    SameId {
        /// Which file.
        file: String,
        /// The later row.
        line: u64,
        /// The id's column.
        column: String,
        /// The earlier row.
        first: u64,
    },
    /// A record is longer than any row.
    #[error("{file}, line {line}: a row of more than 1 MiB; is a quote never closed?")]
    Long {
        /// Which file.
        file: String,
        /// Where it begins.
        line: u64,
    },
}

/// The longest row, in bytes.
const MAX_ROW: usize = 1 << 20;

impl Columns {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// [`TableFault::File`], [`TableFault::Config`], [`TableFault::Setting`].
    pub fn read(file: &Path) -> Result<Self, TableFault> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|why| TableFault::File { file: name.clone(), why })?;
        let read: Self =
            toml::from_str(&text).map_err(|e| TableFault::Config { file: name.clone(), source: Box::new(e) })?;
        let refuse = |place, why| TableFault::Setting { file: name.clone(), place, why };
        if read.roles.is_empty() || read.right.as_ref().is_some_and(|right| right.roles.is_empty()) {
            return Err(refuse("roles", "at least one column must have a role"));
        }
        for side in [Some(&read), read.right.as_deref()].into_iter().flatten() {
            if !side.separator.is_ascii() || matches!(side.separator, '"' | '\r' | '\n') {
                return Err(refuse("separator", "the separator must be one ASCII character, no quote and no line end"));
            }
        }
        if read.right.as_ref().is_some_and(|right| right.right.is_some()) {
            return Err(refuse("right.right", "only the second table can have other columns"));
        }
        Ok(read)
    }

    /// The columns of the second table.
    #[must_use]
    pub fn of_right(&self) -> &Self {
        self.right.as_deref().unwrap_or(self)
    }

    /// Whether a score alone can make a pair definite: as the file says, else where nobody among these people has a
    /// number by which the named rules could decide.
    #[must_use]
    pub fn definite_by_score(&self, people: &[Profile]) -> bool {
        let numbered = |p: &Profile| p.teacher_number.is_some() || p.id.as_ref().is_some_and(IdForm::is_valid);
        self.by_score.unwrap_or_else(|| !people.iter().any(numbered))
    }

    /// Role and column, in one order.
    fn listed(&self) -> Vec<(Role, &str)> {
        let mut listed = vec![];
        for (role, columns) in &self.roles {
            match columns {
                OneOrMore::One(column) => listed.push((*role, column.as_str())),
                OneOrMore::More(columns) => listed.extend(columns.iter().map(|c| (*role, c.as_str()))),
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
    /// Its id, as it stands there.
    pub id: String,
    /// Who it tells of.
    pub person: Profile,
}

/// A table that is read row by row.
pub struct Table {
    file: String,
    rows: csv::Reader<DecodeReaderBytes<BufReader<File>, Vec<u8>>>,
    cells: usize,
    id: (usize, String),
    columns: Vec<(Role, usize, String)>,
    dates: DateOrder,
    seen: HashMap<String, u64>,
    unreadable: Vec<(String, u64, u64)>,
}

impl Table {
    /// Opens a table and finds its columns.
    ///
    /// # Errors
    /// [`TableFault`].
    pub fn open(path: &Path, columns: &Columns) -> Result<Self, TableFault> {
        let file = path.display().to_string();
        let fault = |why| TableFault::File { file: file.clone(), why };
        let mut source = File::open(path).map_err(fault)?;
        let encoding = encoding_of(&file, &mut source)?;
        source.rewind().map_err(fault)?;
        let text = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).build(BufReader::new(source));
        let mut rows = csv::ReaderBuilder::new()
            .delimiter(columns.separator as u8)
            // So that line numbers are right where lines end in CR LF, too.
            .terminator(csv::Terminator::Any(b'\n'))
            .flexible(true)
            .from_reader(text);
        let header: Vec<String> = match rows.headers() {
            Ok(header) => header.iter().map(|name| name.trim_start_matches('\u{FEFF}').trim().to_owned()).collect(),
            Err(e) => return Err(row_fault(&file, &e)),
        };
        let place = |column: &str| {
            let mut at = header.iter().enumerate().filter(|(_, name)| *name == column).map(|(at, _)| at);
            let found = at.next().ok_or_else(|| TableFault::Column {
                file: file.clone(),
                column: column.to_owned(),
                header: header.join(", "),
            })?;
            match at.next() {
                Some(_) => Err(TableFault::Twice { file: file.clone(), column: column.to_owned() }),
                None => Ok(found),
            }
        };
        let id = (place(&columns.id)?, columns.id.clone());
        let listed = columns.listed().into_iter();
        let columns_at: Result<Vec<_>, TableFault> =
            listed.map(|(role, column)| Ok((role, place(column)?, column.to_owned()))).collect();
        let unreadable = vec![];
        Ok(Self {
            rows,
            cells: header.len(),
            id,
            columns: columns_at?,
            dates: columns.dates,
            seen: HashMap::new(),
            unreadable,
            file,
        })
    }

    /// The next row; none at the end.
    ///
    /// # Errors
    /// [`TableFault`] with line and column.
    pub fn next_row(&mut self) -> Result<Option<Row>, TableFault> {
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
            return Err(TableFault::Long { file: self.file.clone(), line });
        }
        if record.len() != self.cells {
            let (found, expected) = (record.len() as u64, self.cells as u64);
            return Err(TableFault::Cells { file: self.file.clone(), line, found, expected });
        }
        let id = record.get(self.id.0).unwrap_or_default().trim().to_owned();
        let column = || self.id.1.clone();
        if id.is_empty() {
            return Err(TableFault::NoId { file: self.file.clone(), line, column: column() });
        }
        if let Some(first) = self.seen.insert(id.clone(), line) {
            return Err(TableFault::SameId { file: self.file.clone(), line, column: column(), first });
        }
        let mut person = Profile::default();
        for (role, at, column) in &self.columns {
            if !person.take(*role, record.get(*at).unwrap_or_default(), self.dates) {
                match self.unreadable.iter_mut().find(|(name, ..)| name == column) {
                    Some((_, count, _)) => *count += 1,
                    None => self.unreadable.push((column.clone(), 1, line)),
                }
            }
        }
        Ok(Some(Row { id, person }))
    }

    /// Columns with values that say nothing that can be compared: how many, and the line of the first.
    #[must_use]
    pub fn unreadable(&self) -> &[(String, u64, u64)] {
        &self.unreadable
    }
}

fn row_fault(file: &str, error: &csv::Error) -> TableFault {
    TableFault::File { file: file.to_owned(), why: std::io::Error::other(error.to_string()) }
}

/// The encoding of a file: its byte order mark's, else UTF-8 where all of it is, else GB18030 where all of it is.
fn encoding_of(file: &str, source: &mut File) -> Result<&'static Encoding, TableFault> {
    let fault = |why| TableFault::File { file: file.to_owned(), why };
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
    Err(TableFault::Encoding { file: file.to_owned(), line: first })
}

/// The line of the first byte that the encoding cannot have; none where all is well.
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
