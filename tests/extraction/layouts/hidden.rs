//! Rows and columns that a spreadsheet does not show are read and told.

use rust_xlsxwriter::Workbook;
use serde_json::Value;

use super::super::folder::put_file;
use super::{BOOK, layout_site, write_connector};
use crate::test_env::{Services, TestEnv};

const IDS: [&str; 3] = ["22010219590911001X", "220381197001011228", "222401198010102228"];
const HEADER: [&str; 6] = ["姓名", "身份证号", "课程名称", "学时", "结业日期", "备注"];

/// Previews a file, in words if they are wanted.
fn preview(house: &TestEnv, name: &str, bytes: &[u8]) -> (Value, String) {
    let folder = house.dir.0.join("x");
    write_connector(&folder, BOOK, "课程名称");
    preview_under(house, &folder, name, bytes)
}

fn preview_under(house: &TestEnv, folder: &std::path::Path, name: &str, bytes: &[u8]) -> (Value, String) {
    let sample = house.dir.0.join(name);
    std::fs::write(&sample, bytes).unwrap();
    let args = ["connectors", "preview", folder.to_str().unwrap(), "--sample", sample.to_str().unwrap()];
    let told = house.run(&args);
    (house.run_json(&[&args[..], &["--json"]].concat()), String::from_utf8_lossy(&told.stdout).into_owned())
}

fn assert_told(shown: &(Value, String), rows: u64, columns: u64) {
    let (json, told) = shown;
    let table = &json["layout"][0];
    assert_eq!(
        (table["hidden_rows"].as_u64(), table["hidden_columns"].as_u64()),
        (Some(rows), Some(columns)),
        "{json}"
    );
    assert!(told.contains(&format!("hidden rows, read: {rows}")), "{told}");
    assert!(told.contains(&format!("hidden columns, read: {columns}")), "{told}");
}

#[test]
fn hidden_rows_and_columns_of_xlsx_are_read_and_told() {
    let house = TestEnv::new(Services::Sqlite);
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    for (column, name) in (0..).zip(HEADER) {
        page.write_string(0, column, name).unwrap();
    }
    for (row, id) in (1..).zip(IDS) {
        for (column, text) in (0..).zip(["王芳", id, "课堂导入", "8", "2015-03-01"]) {
            page.write_string(row, column, text).unwrap();
        }
    }
    page.set_row_hidden(2).unwrap();
    // A hidden row without a cell hides nothing.
    page.set_row_hidden(9).unwrap();
    page.set_column_hidden(5).unwrap();
    page.set_column_hidden(8).unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let shown = preview(&house, "a.xlsx", &bytes);
    assert_eq!(shown.0["summary"]["clean"], 3, "{}", shown.0);
    assert_told(&shown, 1, 1);
    // A run tells them too.
    let site = layout_site("*.xlsx", BOOK);
    put_file(&site, "a.xlsx", &bytes);
    site.run(&["sync", "a"]);
    let told = String::from_utf8(site.run(&["runs", "show", "1"]).stdout).unwrap();
    assert!(told.contains("hidden rows, read: 1") && told.contains("hidden columns, read: 1"), "{told}");
}

#[test]
fn hidden_rows_and_columns_of_ods_are_read_and_told() {
    use std::io::Write as _;
    let cell = |text: &str| {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
    };
    let row = |how: &str, cells: &[&str]| {
        format!("<table:table-row {how}>{}</table:table-row>", cells.iter().map(|text| cell(text)).collect::<String>())
    };
    let rows: String = (0..3)
        .map(|at| {
            let how = ["", "table:visibility=\"filter\"", "table:visibility=\"collapse\""][at];
            row(how, &["王芳", IDS[at], "课堂导入", "8", "2015-03-01", "无"])
        })
        .collect();
    let columns = "<table:table-column table:number-columns-repeated=\"5\"/><table:table-column \
                   table:number-columns-repeated=\"1019\" table:visibility=\"collapse\"/>";
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:spreadsheet>\
         <table:table table:name=\"表1\">{columns}{}{rows}</table:table></office:spreadsheet></office:body></office:document-content>",
        row("", &HEADER)
    );
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let manifest = "<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\"/>";
    for (name, text) in [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", &content),
        ("META-INF/manifest.xml", manifest),
    ] {
        archive.start_file(name, stored).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    let house = TestEnv::new(Services::Sqlite);
    let shown = preview(&house, "a.ods", &archive.finish().unwrap().into_inner());
    assert_eq!(shown.0["summary"]["clean"], 3, "{}", shown.0);
    assert_told(&shown, 2, 1);
}

/// A workbook of Excel 97, in which the flags of one row and one range of columns are set.
#[test]
fn hidden_rows_and_columns_of_xls_are_read_and_told() {
    let house = TestEnv::new(Services::Sqlite);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut bytes = std::fs::read(root.join("tests/workbooks/LEGO_20150331.xls")).unwrap();
    let lego = root.join("connectors/lego");
    let before = preview_under(&house, &lego, "LEGO_20150331.xls", &bytes).0;
    let find = |bytes: &[u8], head: &[u8], nth: usize| {
        (0..bytes.len()).filter(|at| bytes[*at..].starts_with(head)).nth(nth).expect("the record is there")
    };
    let row = find(&bytes, &[0x08, 0x02, 0x10, 0x00], 4);
    bytes[row + 4 + 12] |= 0x20;
    let columns = find(&bytes, &[0x7D, 0x00, 0x0C, 0x00], 0);
    bytes[columns + 4 + 8] |= 1;
    let shown = preview_under(&house, &lego, "LEGO_20150331.xls", &bytes);
    assert_eq!(shown.0["summary"], before["summary"]);
    assert!(before["layout"][0]["hidden_rows"].is_null(), "{before}");
    let (json, told) = &shown;
    assert_eq!(json["layout"][0]["hidden_rows"], 1, "{json}");
    assert!(json["layout"][0]["hidden_columns"].as_u64() >= Some(1), "{json}");
    assert!(told.contains("hidden rows, read: 1"), "{told}");
}
