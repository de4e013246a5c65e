//! Tables for people: aligned columns, numbers to the right, no wider than the terminal.

use std::io::IsTerminal as _;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use huiliu_messages::escape_line;

use crate::words::say;

/// Spaces before each column.
const GAP: usize = 2;
/// Words longer than this may be broken.
const MAX_WORD: usize = 20;

/// Prints rows under a heading. If the terminal is too narrow, cells are wrapped between words; if that is not enough,
/// each row is printed as a block with one line per column. Nothing is wrapped in a pipe.
///
/// Cells are escaped before they are measured, because a line break in a cell would begin a line of the table.
pub fn print_table(heading: &[&str], rows: &[Vec<String>]) {
    let inert = |row: &Vec<String>| row.iter().map(|cell| escape_line(cell).into_owned()).collect();
    let rows: &[Vec<String>] = &rows.iter().map(inert).collect::<Vec<_>>();
    let Some(width) = max_line_width() else { return print_lines(&build_table(heading, rows)) };
    let least: Vec<usize> = (0..heading.len()).map(|nth| least_width(heading, rows, nth)).collect();
    if least.iter().map(|least| least + GAP).sum::<usize>() > usize::from(width) {
        return print_blocks(heading, rows, width);
    }
    let mut table = build_table(heading, rows);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    for (column, least) in table.column_iter_mut().zip(least) {
        let least = u16::try_from(least + GAP).unwrap_or(u16::MAX);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
    }
    print_lines(&table);
}

fn build_table(heading: &[&str], rows: &[Vec<String>]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(heading.iter().copied());
    table.add_rows(rows);
    for (nth, column) in table.column_iter_mut().enumerate() {
        column.set_padding((2, 0));
        let mut cells = rows.iter().filter_map(|row| row.get(nth)).filter(|cell| !cell.is_empty()).peekable();
        if cells.peek().is_some() && cells.all(|cell| is_number(cell)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Prints each row as a block, like the expanded format of `psql`.
fn print_blocks(heading: &[&str], rows: &[Vec<String>], width: u16) {
    let names = heading.iter().map(|name| console::measure_text_width(name)).max().unwrap_or_default() + GAP;
    let names = ColumnConstraint::Absolute(Width::Fixed(u16::try_from(names).unwrap_or(width)));
    for (nth, row) in rows.iter().enumerate() {
        if nth > 0 {
            say("");
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        table.add_rows(
            heading.iter().zip(row).filter(|(_, cell)| !cell.is_empty()).map(|(name, cell)| [name, cell.as_str()]),
        );
        for column in table.column_iter_mut() {
            column.set_padding((2, 0));
        }
        if let Some(column) = table.column_mut(0) {
            column.set_constraint(names);
        }
        print_lines(&table);
    }
}

fn print_lines(table: &Table) {
    for line in table.lines() {
        say(line.trim_end());
    }
}

/// Returns the width of a column's longest word, at most [`MAX_WORD`].
fn least_width(heading: &[&str], rows: &[Vec<String>], nth: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(nth).map(String::as_str));
    let words = cells.chain(heading.get(nth).copied()).flat_map(str::split_whitespace);
    words.map(|word| console::measure_text_width(word).min(MAX_WORD)).max().unwrap_or_default()
}

fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
}

/// Returns how wide a line may be: COLUMNS, else the width of the terminal. Returns `None` in a pipe, or if the width
/// is below 20.
fn max_line_width() -> Option<u16> {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let of_terminal = || console::Term::stdout().size_checked().map(|(_, columns)| columns);
    told.or_else(|| std::io::stdout().is_terminal().then(of_terminal)?).filter(|width| *width >= 20)
}
