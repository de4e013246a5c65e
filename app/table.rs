//! Tables for people: columns aligned, numbers to the right, no wider than the terminal.

use std::io::IsTerminal as _;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use crate::words::say;

/// What stands before each column.
const GAP: usize = 2;
/// A longer word may be broken.
const MAX_WORD: usize = 20;

/// Prints rows under a heading. Where a terminal is too narrow, cells are broken into lines between their words; where that
/// is not enough, each row is printed as a block of its own, a line for each column. In a pipe nothing is broken.
pub fn table(heading: &[&str], rows: &[Vec<String>]) {
    let Some(width) = width() else { return print(&laid_out(heading, rows)) };
    let least: Vec<usize> = (0..heading.len()).map(|nth| least_width(heading, rows, nth)).collect();
    if least.iter().map(|least| least + GAP).sum::<usize>() > usize::from(width) {
        return blocks(heading, rows, width);
    }
    let mut table = laid_out(heading, rows);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    for (column, least) in table.column_iter_mut().zip(least) {
        let least = u16::try_from(least + GAP).unwrap_or(u16::MAX);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
    }
    print(&table);
}

fn laid_out(heading: &[&str], rows: &[Vec<String>]) -> Table {
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

/// One row after the other, as `psql` does in its expanded form.
fn blocks(heading: &[&str], rows: &[Vec<String>], width: u16) {
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
        print(&table);
    }
}

fn print(table: &Table) {
    for line in table.lines() {
        say(line.trim_end());
    }
}

/// The width of the longest word of a column, within bounds.
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

/// How wide a line may be: as COLUMNS says, else as the terminal is; nothing where there is neither.
fn width() -> Option<u16> {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let of_terminal = || console::Term::stdout().size_checked().map(|(_, columns)| columns);
    told.or_else(|| std::io::stdout().is_terminal().then(of_terminal)?).filter(|width| *width >= 20)
}
