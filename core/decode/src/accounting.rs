//! The accounting of tables: what each row of each sheet, table or text of a payload was taken for. Every row is counted
//! once.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Maximum number of tables that are listed; the rest is added up in one more.
const MAX_TABLES: usize = 1_000;

/// Why a sheet or table is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// Its name does not match the manifest's pattern.
    Pattern,
    /// The manifest says that it is not to be read.
    Ignored,
    /// It is hidden and has no header.
    Hidden,
    /// It has no header, and no row that looks like a record.
    NoHeader,
    /// It has no cell.
    Empty,
    /// It is not one of those that are read, and cannot be read.
    Unreadable,
}

impl LeftOut {
    /// Returns the word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pattern => "pattern",
            Self::Ignored => "ignored",
            Self::Hidden => "hidden",
            Self::NoHeader => "no_header",
            Self::Empty => "empty",
            Self::Unreadable => "unreadable",
        }
    }

    /// Returns the reason with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Pattern, Self::Ignored, Self::Hidden, Self::NoHeader, Self::Empty, Self::Unreadable];
        all.into_iter().find(|of| of.as_str() == word)
    }
}

/// What the rows of one sheet, table or text were taken for. `rows` is the sum of `titles`, `headers`, `records`,
/// `suspects`, `blank`, `below`, `unread` and all of `marked`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TableCount {
    /// The archive member that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The name of the sheet or table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// Whether the sheet is hidden.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// Why it is not read; `None` if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// Number of rows down to the last one that is not empty.
    pub rows: u64,
    /// Rows above the header.
    pub titles: u64,
    /// Header rows, also those that are repeated.
    pub headers: u64,
    /// Rows read as records.
    pub records: u64,
    /// Rows that look like records where none are expected. They are received as records and parked.
    pub suspects: u64,
    /// Rows without text.
    pub blank: u64,
    /// Rows left out by a marker of the manifest, by marker.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub marked: BTreeMap<String, u64>,
    /// The row that ends the table, and the rows below it.
    pub below: u64,
    /// Rows of a table that is not read.
    pub unread: u64,
    /// Rows among `titles` and `unread` that look like records. The payload is then not read completely.
    pub likely: u64,
    /// Rows that are not empty and that a spreadsheet does not show. They are read like any other.
    #[serde(skip_serializing_if = "is_zero")]
    pub hidden_rows: u64,
    /// Columns that a spreadsheet does not show. They are read like any other.
    #[serde(skip_serializing_if = "is_zero")]
    pub hidden_columns: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl TableCount {
    /// Returns whether the numbers of rows add up.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        let marked: u64 = self.marked.values().sum();
        let known = self.titles + self.headers + self.records + self.suspects + self.blank + self.below + self.unread;
        self.rows == known + marked
    }

    /// Turns it into the count of a table that is not read.
    #[must_use]
    pub(crate) fn into_left_out(self, because: LeftOut) -> Self {
        let likely = match because {
            LeftOut::Ignored => 0,
            _ => self.likely + self.records + self.suspects,
        };
        Self {
            left_out: Some(because),
            unread: self.rows.saturating_sub(self.blank),
            titles: 0,
            headers: 0,
            records: 0,
            suspects: 0,
            marked: BTreeMap::new(),
            below: 0,
            likely,
            ..self
        }
    }

    /// Adds rows above the header, of which `likely` look like records.
    pub(crate) fn with_titles(self, titles: u64, likely: u64) -> Self {
        Self { titles: self.titles + titles, likely: self.likely + likely, ..self }
    }

    /// Sets the number of rows to that of the last one, and that of blank rows to what is left of it. There are more rows
    /// than that if a sheet numbers two of them alike.
    pub(crate) fn with_rows(self, last: u64) -> Self {
        let known = Self { blank: 0, ..self }.with_sum();
        let blank = last.saturating_sub(known.rows);
        Self { rows: known.rows + blank, blank, ..known }
    }

    /// Adds rows without text.
    pub(crate) fn with_blank(self, blank: u64) -> Self {
        Self { blank: self.blank + blank, ..self }
    }

    /// Sets the number of rows to the sum of its parts, for tables whose rows are known only as they are read.
    pub(crate) fn with_sum(self) -> Self {
        let marked: u64 = self.marked.values().sum();
        let sum = self.titles + self.headers + self.records + self.suspects + self.blank + self.below + marked;
        Self { rows: sum + self.unread, ..self }
    }

    fn add_rows(&mut self, other: &Self) {
        for (sum, part) in [
            (&mut self.rows, other.rows),
            (&mut self.titles, other.titles),
            (&mut self.headers, other.headers),
            (&mut self.records, other.records),
            (&mut self.suspects, other.suspects),
            (&mut self.blank, other.blank),
            (&mut self.below, other.below),
            (&mut self.unread, other.unread),
            (&mut self.likely, other.likely),
            (&mut self.hidden_rows, other.hidden_rows),
            (&mut self.hidden_columns, other.hidden_columns),
        ] {
            *sum += part;
        }
        for (marker, rows) in &other.marked {
            *self.marked.entry(marker.clone()).or_default() += rows;
        }
    }
}

/// The tables of a payload, in their order. Formats without tables, such as JSON, have none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PayloadLayout {
    /// The tables that are read, and those that are not.
    pub tables: Vec<TableCount>,
}

impl PayloadLayout {
    /// Adds a table. The tables after the first thousand are added up in one without a name.
    pub(crate) fn push_table(&mut self, table: TableCount) {
        let is_last = self.tables.len() == MAX_TABLES;
        match self.tables.get_mut(MAX_TABLES) {
            Some(rest) => rest.add_rows(&table),
            None if is_last => {
                self.tables.push(TableCount { member: None, sheet: Some("…".to_owned()), hidden: false, ..table });
            }
            None => self.tables.push(table),
        }
    }

    /// Returns the number of rows that look like records and are not read.
    #[must_use]
    pub fn likely(&self) -> u64 {
        self.tables.iter().map(|table| table.likely).sum()
    }
}
