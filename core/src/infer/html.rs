//! Tables of a web page, as reporting systems save them under a workbook's name.

use html5gum::{Token, Tokenizer};

use super::grid::{Grid, Row};
use super::table::MAX_COLUMNS;

/// Rows that are read of a page.
const MAX_ROWS: usize = 20_000;
/// Columns and rows that one cell can claim.
const MAX_SPAN: usize = 64;

/// The tables of a page that have more than one row.
pub(super) fn grids(text: &str) -> Vec<Grid> {
    let mut reader = Reader::default();
    for Ok(token) in Tokenizer::new(text) {
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                let span = |key: &str| {
                    let value = tag.attributes.iter().find(|(name, _)| name.as_slice() == key.as_bytes());
                    let value = value.and_then(|(_, value)| String::from_utf8_lossy(value).trim().parse().ok());
                    value.unwrap_or(1_usize).clamp(1, MAX_SPAN)
                };
                reader.open(&name, span("colspan"), span("rowspan"));
            }
            Token::EndTag(tag) => reader.close(&String::from_utf8_lossy(&tag.name)),
            Token::String(words) => reader.words(&String::from_utf8_lossy(&words)),
            _ => {}
        }
    }
    reader.end_table();
    reader.grids
}

#[derive(Default)]
struct Reader {
    grids: Vec<Grid>,
    grid: Grid,
    row: Vec<Option<String>>,
    in_row: bool,
    /// The open cell: its text, columns and rows.
    cell: Option<(String, usize, usize)>,
    /// Columns that a cell of an earlier row reaches into, and for how many rows more.
    reached: Vec<usize>,
    silent: bool,
}

impl Reader {
    fn open(&mut self, name: &str, columns: usize, rows: usize) {
        match name {
            "table" => self.end_table(),
            "tr" => {
                self.end_row();
                self.in_row = true;
            }
            "td" | "th" => {
                self.end_cell();
                self.in_row = true;
                self.cell = Some((String::new(), columns, rows));
            }
            "br" | "p" | "div" => self.words(" "),
            "style" | "script" => self.silent = true,
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "table" => self.end_table(),
            "tr" => self.end_row(),
            "td" | "th" => self.end_cell(),
            "style" | "script" => self.silent = false,
            _ => {}
        }
    }

    fn words(&mut self, words: &str) {
        if let Some((text, ..)) = self.cell.as_mut().filter(|_| !self.silent) {
            text.push_str(words);
        }
    }

    fn end_cell(&mut self) {
        let Some((text, columns, rows)) = self.cell.take() else { return };
        while self.reached.get(self.row.len()).is_some_and(|left| *left > 0) {
            self.row.push(None);
        }
        let left = self.row.len();
        if left + columns > MAX_COLUMNS {
            return;
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.row.push((!text.is_empty()).then_some(text));
        self.row.resize(left + columns, None);
        if self.reached.len() < self.row.len() {
            self.reached.resize(self.row.len(), 0);
        }
        // One more than is left, for the end of this row takes one off.
        self.reached[left..left + columns].fill(rows);
        if columns > 1 || rows > 1 {
            let at = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
            let top = at(self.grid.rows.len());
            self.grid.merged.push([top, at(left), top + at(rows) - 1, at(left + columns) - 1]);
        }
    }

    fn end_row(&mut self) {
        self.end_cell();
        if std::mem::take(&mut self.in_row) && self.grid.rows.len() < MAX_ROWS {
            let number = u32::try_from(self.grid.rows.len() + 1).unwrap_or(u32::MAX);
            self.grid.rows.push(Row { number, cells: std::mem::take(&mut self.row) });
        }
        self.row.clear();
        for left in &mut self.reached {
            *left = left.saturating_sub(1);
        }
    }

    fn end_table(&mut self) {
        self.end_row();
        let grid = std::mem::take(&mut self.grid);
        self.reached.clear();
        if grid.rows.len() > 1 {
            self.grids.push(grid);
        }
    }
}
