//! Finds every table in a sample.

use crate::infer::sniff::{self, Form};
use crate::infer::table::Table;
use crate::infer::{InferError, SampleForm, grid, json, xml};
use huiliu_decode::unpack;

/// Returns the tables of a sample; `unpacked` is the unpacked content of a workbook.
pub(super) fn read_tables(bytes: &[u8], unpacked: Option<&str>) -> Result<Vec<Table>, InferError> {
    if bytes.is_empty() {
        return Err(InferError::Empty);
    }
    if let Some(unpacked) = unpacked {
        return require_tables(grid::tables_of_workbook(unpacked)?, SampleForm::Workbook);
    }
    let text = sniff::decode_text(bytes)?;
    // Cells of a spreadsheet are no fields of a record, although they are elements of XML.
    if let Some(what) = unpack::find_other_kind(text.text.as_bytes()) {
        return Err(InferError::OtherKind { what });
    }
    match sniff::detect_form(&text.text) {
        Form::Json => require_tables(json::read_tables(&text, false)?, SampleForm::Json),
        Form::JsonLines => require_tables(json::read_tables(&text, true)?, SampleForm::JsonLines),
        Form::Xml => require_tables(xml::read_tables(&text)?, SampleForm::Xml),
        Form::Html => require_tables(grid::tables_of_page(&text), SampleForm::Html),
        Form::Delimited => require_tables(grid::tables_of_text(&text)?, SampleForm::Text),
    }
}

fn require_tables(tables: Vec<Table>, format: SampleForm) -> Result<Vec<Table>, InferError> {
    let tables: Vec<Table> = tables.into_iter().filter(|t| t.rows > 0 && !t.columns.is_empty()).collect();
    if tables.is_empty() { Err(InferError::NoTable { format }) } else { Ok(tables) }
}
