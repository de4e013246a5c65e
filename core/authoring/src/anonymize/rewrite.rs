//! Writes the sheets of a workbook that cannot be changed in place (.xls, .xlsb, .ods) as .xlsx, cell by cell.

use std::fmt::Write as _;

use huiliu_decode::parts::{Body, Part};
use huiliu_decode::unpack::is_zip;
use huiliu_manifest::{Archive, Format, Stream};
use quick_xml::escape::escape;
use serde_json::Value;

use crate::anonymize::AnonymizeError;
use crate::anonymize::pack::{BOOK, Member, write_zip};

const TYPES: &str = "http://schemas.openxmlformats.org/package/2006/content-types";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATION: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Returns whether a payload is a workbook that can only be written anew.
#[must_use]
pub fn needs_rewriting(stream: &Stream, bytes: &[u8]) -> bool {
    if !matches!(stream.format, Format::Workbook { .. }) {
        return false;
    }
    let is_archive = matches!(stream.archive, Some(Archive::Zip { .. })) && !huiliu_office::is_workbook(bytes);
    let has_book = || bytes.windows(BOOK.len()).any(|window| window == BOOK.as_bytes());
    bytes.starts_with(OLE) || is_zip(bytes) && !is_archive && !has_book()
}

/// Writes the sheets that were read as a workbook in .xlsx. Formats, formulas and sheets that the manifest does not read
/// are not in it.
///
/// # Errors
/// [`AnonymizeError::Workbook`] if a cell has something that .xlsx cannot say.
pub fn write_as_xlsx(body: &Body<'_>) -> Result<Vec<u8>, AnonymizeError> {
    let parts = body.split_parts()?;
    let (mut types, mut sheets, mut relations) = (String::new(), String::new(), String::new());
    let mut members = vec![];
    for (part, nth) in parts.iter().zip(1..) {
        let name = part.head.sheet.as_deref().unwrap_or("Sheet1");
        let _ = write!(
            types,
            "<Override PartName=\"/xl/worksheets/sheet{nth}.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>"
        );
        let _ = write!(sheets, "<sheet name=\"{}\" sheetId=\"{nth}\" r:id=\"rId{nth}\"/>", escape(name));
        let _ = write!(
            relations,
            "<Relationship Id=\"rId{nth}\" Type=\"{RELATION}/worksheet\" Target=\"worksheets/sheet{nth}.xml\"/>"
        );
        members.push(member(&format!("xl/worksheets/sheet{nth}.xml"), &render_sheet(part)?));
    }
    let epoch = if parts.iter().any(|part| part.head.epoch_1904) { "<workbookPr date1904=\"1\"/>" } else { "" };
    members.push(member(
        BOOK,
        &format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATION}\">{epoch}<sheets>{sheets}</sheets></workbook>"),
    ));
    members.push(member(
        "xl/_rels/workbook.xml.rels",
        &format!("<Relationships xmlns=\"{PACKAGE}\">{relations}</Relationships>"),
    ));
    members.push(member(
        "_rels/.rels",
        &format!("<Relationships xmlns=\"{PACKAGE}\"><Relationship Id=\"rId1\" Type=\"{RELATION}/officeDocument\" Target=\"{BOOK}\"/></Relationships>"),
    ));
    members.push(member(
        "[Content_Types].xml",
        &format!(
            "<Types xmlns=\"{TYPES}\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/{BOOK}\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>{types}</Types>"
        ),
    ));
    members.reverse();
    write_zip(members.into_iter().map(Ok))
}

fn member(name: &str, xml: &str) -> Member {
    Member { name: name.to_owned(), bytes: format!("{DECLARATION}{xml}").into_bytes() }
}

fn render_sheet(part: &Part<'_>) -> Result<String, AnonymizeError> {
    let mut xml = format!("<worksheet xmlns=\"{MAIN}\"><sheetData>");
    for line in part.text.lines() {
        let (number, cells) = line.split_once('\t').ok_or(AnonymizeError::Workbook)?;
        let cells: Vec<Value> = serde_json::from_str(cells).map_err(|_| AnonymizeError::Workbook)?;
        let _ = write!(xml, "<row r=\"{number}\">");
        for (cell, column) in cells.iter().zip(0..) {
            render_cell(&mut xml, cell, &format!("{}{number}", column_letters(column)))?;
        }
        xml.push_str("</row>");
    }
    xml.push_str("</sheetData>");
    if !part.head.merged.is_empty() {
        xml.push_str("<mergeCells>");
        for [top, left, bottom, right] in &part.head.merged {
            let corner = |column: u32, row: u32| format!("{}{}", column_letters(column), row.saturating_add(1));
            let _ = write!(xml, "<mergeCell ref=\"{}:{}\"/>", corner(*left, *top), corner(*right, *bottom));
        }
        xml.push_str("</mergeCells>");
    }
    xml.push_str("</worksheet>");
    Ok(xml)
}

fn render_cell(xml: &mut String, cell: &Value, place: &str) -> Result<(), AnonymizeError> {
    let _ = match cell {
        Value::Null => Ok(()),
        Value::String(text) => {
            write!(xml, "<c r=\"{place}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>", escape(text))
        }
        Value::Number(number) => write!(xml, "<c r=\"{place}\"><v>{number}</v></c>"),
        Value::Bool(truth) => write!(xml, "<c r=\"{place}\" t=\"b\"><v>{}</v></c>", u8::from(*truth)),
        Value::Object(odd) => match odd.get("error").and_then(Value::as_str) {
            Some(error) if odd.len() == 1 => write!(xml, "<c r=\"{place}\" t=\"e\"><v>{}</v></c>", escape(error)),
            _ => return Err(AnonymizeError::Workbook),
        },
        Value::Array(_) => return Err(AnonymizeError::Workbook),
    };
    Ok(())
}

/// Returns the letters of a column, counted from 0.
fn column_letters(column: u32) -> String {
    let mut letters = vec![];
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(char::from(b'A' + u8::try_from((rest - 1) % 26).unwrap_or(0)));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::column_letters;

    #[test]
    fn columns_are_named_as_a_spreadsheet_names_them() {
        assert_eq!([0, 25, 26, 701, 702].map(column_letters), ["A", "Z", "AA", "ZZ", "AAA"]);
    }
}
