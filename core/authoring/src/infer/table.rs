//! A sample as records in columns, however it was written.

use crate::infer::layout::Layout;

/// Records that are looked at.
pub(super) const MAX_ROWS: usize = 1_000;
/// Columns that are looked at.
pub(super) const MAX_COLUMNS: usize = 512;

/// A list of records found in a sample.
#[derive(Debug)]
pub(super) struct Table {
    /// Where and how it stands there.
    pub layout: Layout,
    /// Its columns, in the order of the sample.
    pub columns: Vec<Column>,
    /// Records looked at.
    pub rows: usize,
}

/// One column.
#[derive(Debug, Default)]
pub(super) struct Column {
    /// How a manifest names it.
    pub path: String,
    /// Its name and what it stands under, the outermost first.
    pub words: Vec<String>,
    /// Its text per record; `None` where there is none, or only spaces.
    pub values: Vec<Option<String>>,
    /// Whether another column has the same path, so that no manifest can name it.
    pub twin: bool,
}

impl Table {
    /// A table of records whose columns come in any order and with gaps.
    pub fn gather(layout: Layout, records: Vec<Vec<Cell>>) -> Self {
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
                    slot.get_or_insert(text);
                }
            }
        }
        Self { layout, columns, rows }
    }
}

/// One text of a record with its path.
#[derive(Debug)]
pub(super) struct Cell {
    pub path: String,
    pub words: Vec<String>,
    pub text: String,
}
