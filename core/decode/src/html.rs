//! Tables of a web page, which reporting systems save under a workbook's name.

use html5gum::{Token, Tokenizer};

use crate::{decode, table};
use huiliu_manifest::{Encoding, Layout};

/// Maximum number of columns read from a table.
const MAX_COLUMNS: usize = 512;
/// Maximum number of columns or rows that one cell can span.
const MAX_SPAN: usize = 64;
/// Maximum number of tables within each other; deeper ones end the tables around them.
const MAX_DEPTH: usize = 32;

/// A table of a web page.
#[derive(Debug, Default)]
pub struct Table {
    /// Rows, each with the text of every column.
    pub rows: Vec<Vec<Option<String>>>,
    /// Merged cells: first row, first column, last row, last column, from 0.
    pub merged: Vec<[u32; 4]>,
}

/// Extracts the tables of a page that have more than one row.
#[must_use]
pub fn extract_tables(text: &str) -> Vec<Table> {
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
                reader.open_element(&name, span("colspan"), span("rowspan"));
            }
            Token::EndTag(tag) => reader.close_element(&String::from_utf8_lossy(&tag.name)),
            Token::String(words) => reader.append_text(&String::from_utf8_lossy(&words)),
            _ => {}
        }
    }
    reader.into_tables()
}

/// Number of bytes at the beginning of a page that are searched for a table's header.
const TOP: usize = 1 << 20;

/// Returns whether a page contains the words of a layout's header, whatever tags and spaces are between their letters.
/// This distinguishes the page from a login page, which contains none of them.
pub fn has_columns(page: &[u8], layout: &Layout) -> bool {
    let top = page.get(..TOP).unwrap_or(page);
    // The cut at `TOP` may split a character, so the bytes are decoded with replacement.
    let (encoding, _) = decode::detect_encoding(Encoding::Auto, page);
    let words = extract_words(&encoding.decode(top).0);
    let has = |name: &str| words.contains(&table::remove_whitespace(name));
    layout.header.iter().all(|column| {
        let others = layout.aliases.get(column).into_iter().flatten();
        others.chain([column]).any(|name| name.split('/').all(has))
    })
}

/// Returns the text between the tags, without whitespace.
fn extract_words(page: &str) -> String {
    let mut words = String::new();
    for Ok(token) in Tokenizer::new(page) {
        if let Token::String(text) = token {
            words.extend(String::from_utf8_lossy(&text).chars().filter(|c| !c.is_whitespace()));
        }
    }
    words
}

#[derive(Default)]
struct Reader {
    /// The tables that have ended, by the order in which they began.
    tables: Vec<(usize, Table)>,
    /// Number of tables that have begun.
    begun: usize,
    /// The table that is being read.
    inner: OpenTable,
    /// The tables around it, each with an open cell.
    outer: Vec<OpenTable>,
    silent: bool,
}

/// A table that has not ended.
#[derive(Default)]
struct OpenTable {
    /// Its place in the order in which tables began.
    nth: usize,
    table: Table,
    row: Vec<Option<String>>,
    in_row: bool,
    /// The open cell: its text, column span and row span.
    cell: Option<(String, usize, usize)>,
    /// For each column, how many more rows a cell of an earlier row extends into it.
    reached: Vec<usize>,
}

impl Reader {
    fn open_element(&mut self, name: &str, columns: usize, rows: usize) {
        match name {
            "table" => self.begin_table(),
            "tr" => {
                self.append_outside(" ");
                self.inner.end_row();
                self.inner.in_row = true;
            }
            "td" | "th" => {
                self.append_outside(" ");
                self.inner.end_cell();
                self.inner.in_row = true;
                self.inner.cell = Some((String::new(), columns, rows));
            }
            "br" | "p" | "div" => self.append_text(" "),
            "style" | "script" => self.silent = true,
            _ => {}
        }
    }

    fn close_element(&mut self, name: &str) {
        match name {
            "table" => self.end_table(),
            "tr" => self.inner.end_row(),
            "td" | "th" => self.inner.end_cell(),
            "style" | "script" => self.silent = false,
            _ => {}
        }
    }

    /// Appends a text to the open cell, and to those that its table is in: they show it too.
    fn append_text(&mut self, words: &str) {
        if self.silent {
            return;
        }
        for table in self.outer.iter_mut().chain([&mut self.inner]) {
            if let Some((text, ..)) = &mut table.cell {
                text.push_str(words);
            }
        }
    }

    /// Appends a text to the open cells around this table.
    fn append_outside(&mut self, words: &str) {
        for (text, ..) in self.outer.iter_mut().filter_map(|table| table.cell.as_mut()) {
            text.push_str(words);
        }
    }

    /// Begins a table, within the open cell if there is one.
    fn begin_table(&mut self) {
        self.append_text(" ");
        if self.inner.cell.is_some() && self.outer.len() < MAX_DEPTH {
            self.outer.push(std::mem::take(&mut self.inner));
        } else {
            self.end_table();
        }
        self.begun += 1;
        self.inner.nth = self.begun;
    }

    fn end_table(&mut self) {
        self.inner.end_row();
        let OpenTable { nth, table, .. } = std::mem::take(&mut self.inner);
        if table.rows.len() > 1 {
            self.tables.push((nth, table));
        }
        self.inner = self.outer.pop().unwrap_or_default();
        self.append_text(" ");
    }

    fn into_tables(mut self) -> Vec<Table> {
        while !self.outer.is_empty() {
            self.end_table();
        }
        self.end_table();
        self.tables.sort_by_key(|(nth, _)| *nth);
        self.tables.into_iter().map(|(_, table)| table).collect()
    }
}

impl OpenTable {
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
        // The full number of rows, because the end of this row subtracts one.
        self.reached[left..left + columns].fill(rows);
        if columns > 1 || rows > 1 {
            let at = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
            let top = at(self.table.rows.len());
            self.table.merged.push([top, at(left), top + at(rows) - 1, at(left + columns) - 1]);
        }
    }

    fn end_row(&mut self) {
        self.end_cell();
        // A row may be ended by its own end tag, by the next row's start tag, or by both, but ends only once.
        if !std::mem::take(&mut self.in_row) {
            return;
        }
        self.table.rows.push(std::mem::take(&mut self.row));
        for left in &mut self.reached {
            *left = left.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_over_two_rows_moves_no_other() {
        for end in ["", "</tr>"] {
            let row = |cells: &str| format!("<tr>{cells}{end}");
            let rows = [
                row("<td rowspan=2>name<td colspan=2>school"),
                row("<td>code<td rowspan='3'>title"),
                row("<td>a<td>1"),
                row("<td>b<td>2"),
                row("<td>c<td>3<td>x"),
            ];
            let page = format!("<table>{}</table>", rows.concat());
            let cells = |row: &Vec<Option<String>>| {
                row.iter().map(|cell| cell.as_deref().unwrap_or("-")).collect::<Vec<_>>().join(" ")
            };
            let found: Vec<String> = extract_tables(&page)[0].rows.iter().map(cells).collect();
            assert_eq!(found, ["name school -", "- code title", "a 1", "b 2", "c 3 x"], "{end:?}");
        }
    }

    #[test]
    fn a_table_in_a_cell_ends_no_row_of_the_table_around_it() {
        let inner = "<table><tr><td>x</td></tr><tr><td>y</table>";
        let page = format!("<table><tr><td>a<td>b{inner}c<td>d</tr><tr><td>e<td>{inner}<td>f</table><p>z");
        let rows: Vec<Vec<Vec<Option<String>>>> = extract_tables(&page).into_iter().map(|table| table.rows).collect();
        let row = |cells: &[&str]| cells.iter().map(|cell| Some((*cell).to_owned())).collect::<Vec<_>>();
        let small = vec![row(&["x"]), row(&["y"])];
        assert_eq!(rows, [vec![row(&["a", "b x y c", "d"]), row(&["e", "x y", "f"])], small.clone(), small]);
    }
}
