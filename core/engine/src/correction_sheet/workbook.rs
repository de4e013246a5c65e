//! Writes a correction sheet as a workbook.

use std::collections::BTreeSet;

use rust_xlsxwriter::{Color, Format, Workbook, Worksheet, XlsxError};

use super::{Grid, SheetTable, blames, to_cell};
use huiliu_messages::Language;

/// The most characters in the name of a sheet.
const MAX_NAME: usize = 31;

/// How cells look.
struct Looks {
    text: Format,
    heading: Format,
    guilty: Format,
    told: Format,
}

/// Writes a workbook with a sheet for each table. Every value is a text, so none is a formula and no digit is lost.
///
/// # Errors
/// [`XlsxError`] if there is too much for a workbook.
pub(crate) fn write_workbook(
    stream: &str,
    fields: &[String],
    tables: &[SheetTable],
    language: Language,
) -> Result<Vec<u8>, XlsxError> {
    let text = || Format::new().set_num_format("@");
    let looks = Looks {
        text: text(),
        heading: text().set_bold(),
        guilty: text().set_background_color(Color::RGB(0x00FF_C7CE)),
        told: text().set_font_color(Color::RGB(0x009C_0006)).set_text_wrap(),
    };
    let mut workbook = Workbook::new();
    let mut used = BTreeSet::new();
    for table in tables {
        let sheet = workbook.add_worksheet();
        sheet.set_name(name_sheet(table.header.name.as_deref().unwrap_or(stream), &mut used))?;
        write_table(sheet, &looks, fields, table, language)?;
    }
    workbook.save_to_buffer()
}

/// Returns a name for a sheet that no other has. Not all characters may stand in one.
fn name_sheet(wanted: &str, used: &mut BTreeSet<String>) -> String {
    let name: String = wanted.chars().filter(|c| !"[]:*?/\\'".contains(*c) && !c.is_control()).take(MAX_NAME).collect();
    let name = if name.trim().is_empty() || name.eq_ignore_ascii_case("history") { "1".to_owned() } else { name };
    let (mut made, mut nth) = (name.clone(), 1);
    while !used.insert(made.to_lowercase()) {
        nth += 1;
        let end = format!(" ({nth})");
        made = name.chars().take(MAX_NAME - end.len()).chain(end.chars()).collect();
    }
    made
}

fn write_table(
    sheet: &mut Worksheet,
    looks: &Looks,
    fields: &[String],
    table: &SheetTable,
    language: Language,
) -> Result<(), XlsxError> {
    let grid = Grid::new(table, fields, language);
    let column = |nth: usize| u16::try_from(nth).unwrap_or(u16::MAX);
    for nth in 0..=grid.token {
        let width = match nth {
            _ if nth == grid.errors => 50,
            _ if nth == grid.allowed => 30,
            _ if nth == grid.place => 24,
            _ => 16,
        };
        sheet.set_column_width(column(nth), width)?;
        sheet.set_column_format(column(nth), &looks.text)?;
    }
    for [top, left, bottom, right] in &grid.merged {
        let narrow = |nth: u32| u16::try_from(nth).unwrap_or(u16::MAX);
        // Cells that the sender merged twice stay apart.
        let _ = sheet.merge_range(*top, narrow(*left), *bottom, narrow(*right), "", &looks.heading);
    }
    for (line, cells) in grid.above.iter().chain(&grid.names) {
        for (nth, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string_with_format(*line, column(nth), to_cell(cell), &looks.heading)?;
        }
    }
    if let Some((line, _)) = &grid.names {
        sheet.set_row_hidden(*line)?;
    }
    sheet.set_column_hidden(column(grid.token))?;
    sheet.set_freeze_panes(grid.first, 0)?;
    for (line, row) in (grid.first..).zip(&table.rows) {
        let guilty: BTreeSet<usize> = fields
            .iter()
            .zip(&grid.columns)
            .filter(|(field, _)| row.reasons.iter().any(|of| blames(of, field)))
            .filter_map(|(_, column)| *column)
            .collect();
        for (nth, cell) in grid.fill_row(row, language).iter().enumerate() {
            let look = match nth {
                _ if guilty.contains(&nth) => &looks.guilty,
                _ if nth == grid.errors => &looks.told,
                _ => &looks.text,
            };
            match cell.is_empty() {
                true => sheet.write_blank(line, column(nth), look)?,
                false => sheet.write_string_with_format(line, column(nth), cell, look)?,
            };
        }
    }
    Ok(())
}
