//! A sample as records in columns, whatever its format.

use crate::infer::layout::Layout;

/// Maximum number of records that are examined.
pub(super) const MAX_ROWS: usize = 1_000;
/// Maximum number of columns that are examined.
pub(super) const MAX_COLUMNS: usize = 512;
/// Length of the beginning of a text that is examined, in bytes. No field that a guess is about is longer.
const MAX_TEXT: usize = 4_096;

/// Returns what of a text is examined.
pub(super) fn examined_part(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or(text)
}

/// A list of records found in a sample.
#[derive(Debug)]
pub(super) struct Table {
    /// Where and in which form it is in the sample.
    pub layout: Layout,
    /// Columns in the order of the sample.
    pub columns: Vec<Column>,
    /// Number of records examined.
    pub rows: usize,
    /// Number of records in other sheets that the layout matches too.
    pub rows_elsewhere: usize,
    /// Sheets with tables that the layout does not match.
    pub left_out: Vec<String>,
    /// Columns that have a text in a third row of the header.
    pub layered: Vec<usize>,
    /// Texts outside the records: titles, remarks, values beside a list.
    pub notes: Vec<String>,
    /// Texts of the records in columns without a name.
    pub unnamed: Vec<Vec<Option<String>>>,
}

/// A column of a table.
#[derive(Debug, Default)]
pub(super) struct Column {
    /// The column's name in a manifest.
    pub path: String,
    /// The headings above the name, outermost first, and the name.
    pub words: Vec<String>,
    /// Text of each record; `None` where it is missing.
    pub values: Vec<Option<String>>,
    /// Whether another column has the same path, so that a manifest cannot refer to it.
    pub twin: bool,
}

impl Table {
    /// Appends the records of another table with the same columns, in any order, up to as many again as are examined.
    pub fn append(&mut self, other: Self) {
        let more = other.rows.min((2 * MAX_ROWS).saturating_sub(self.rows));
        for column in &mut self.columns {
            let theirs = other.columns.iter().find(|of| of.path == column.path);
            let texts = theirs.map(|of| of.values.iter().take(more).cloned()).into_iter().flatten();
            column.values.extend(texts);
            column.values.resize(self.rows + more, None);
        }
        self.rows += more;
        self.notes.extend(other.notes);
    }

    /// Builds a table from records whose columns come in any order and with gaps.
    pub fn from_records(layout: Layout, records: Vec<Vec<Cell>>) -> Self {
        let rows = records.len().min(MAX_ROWS);
        let mut columns: Vec<Column> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for (at, record) in records.into_iter().take(MAX_ROWS).enumerate() {
            for Cell { path, words, text } in record {
                let next = columns.len();
                let place = *places.entry(path.clone()).or_insert(next);
                if place == MAX_COLUMNS {
                    continue;
                }
                if place == next {
                    columns.push(Column { path, words, values: vec![None; rows], twin: false });
                }
                if let Some(slot) = columns.get_mut(place).and_then(|column| column.values.get_mut(at)) {
                    slot.get_or_insert_with(|| examined_part(&text).to_owned());
                }
            }
        }
        Self {
            layout,
            columns,
            rows,
            rows_elsewhere: 0,
            left_out: vec![],
            layered: vec![],
            notes: vec![],
            unnamed: vec![],
        }
    }
}

/// One text of a record, with its path.
#[derive(Debug)]
pub(super) struct Cell {
    pub path: String,
    pub words: Vec<String>,
    pub text: String,
}
