//! Every table that a sample holds.

use crate::infer::sniff::{self, Form};
use crate::infer::table::Table;
use crate::infer::{InferError, SampleForm, grid, json, xml};

/// The tables of a sample; `unpacked` is what a workbook was unpacked to.
pub(super) fn tables(bytes: &[u8], unpacked: Option<&str>) -> Result<Vec<Table>, InferError> {
    if bytes.is_empty() {
        return Err(InferError::Empty);
    }
    if let Some(unpacked) = unpacked {
        return found(grid::of_workbook(unpacked)?, SampleForm::Workbook);
    }
    let text = sniff::text(bytes)?;
    match sniff::form(&text.text) {
        Form::Json => found(json::tables(&text, false)?, SampleForm::Json),
        Form::JsonLines => found(json::tables(&text, true)?, SampleForm::JsonLines),
        Form::Xml => found(xml::tables(&text)?, SampleForm::Xml),
        Form::Html => found(grid::of_page(&text), SampleForm::Html),
        Form::Delimited => found(grid::of_text(&text)?, SampleForm::Text),
    }
}

fn found(tables: Vec<Table>, format: SampleForm) -> Result<Vec<Table>, InferError> {
    let tables: Vec<Table> = tables.into_iter().filter(|t| t.rows > 0 && !t.columns.is_empty()).collect();
    if tables.is_empty() { Err(InferError::NoTable { format }) } else { Ok(tables) }
}
