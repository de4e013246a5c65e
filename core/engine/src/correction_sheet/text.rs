//! Writes a correction sheet as a text, for those who send texts.

use super::{Grid, SheetTable};
use huiliu_decode::sent::TextForm;
use huiliu_messages::Language;

/// Writes a table in the encoding and with the separator of its sender.
pub(crate) fn write_text(table: &SheetTable, fields: &[String], form: TextForm, language: Language) -> Vec<u8> {
    let grid = Grid::new(table, fields, language);
    let above = grid.above.iter().map(|(_, cells)| cells.clone());
    let names = grid.names.iter().map(|(_, cells)| cells.clone());
    let rows = table.rows.iter().map(|row| grid.fill_row(row, language));
    form.write_rows(&above.chain(names).chain(rows).collect::<Vec<_>>())
}
