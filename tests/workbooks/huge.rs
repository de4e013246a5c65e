//! A workbook of the maximum size, written as a stream, so that the writer's own memory peak is small.

use std::io::{Seek, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The rows of the sheet.
#[derive(Clone, Copy)]
pub struct Rows {
    /// Number of rows with the header, at most 1,048,576.
    pub rows: u32,
    /// Whether texts are shared, as spreadsheets do, or in their cells, as programs do that write row by row.
    pub shared: bool,
}

/// The names of the columns.
pub const HEADER: [&str; 10] =
    ["姓名", "身份证号", "学校标识码", "课程编号", "课程名称", "培训学时", "结业时间", "证书编号", "角色", "地点"];

/// Returns the manifest of a connector for files of this format.
pub fn manifest_text(id: &str, format: &str) -> String {
    format!(
        r#"manifest = 1
id = "{id}"
version = 1
title_zh = "生成的数据"
title_en = "Generated data"
profile = "Generated for a test."

[transport]
kind = "files"
names = ["{id}*"]

[[stream]]
name = "completions"
kind = "certificate"
format = {format}
record_key = ["证书编号"]
version = {{ from = "landing" }}
pass = "not_assessed"

[stream.map]
record_name = "证书编号"
name = "姓名"
id_number = "身份证号"
school_code = "学校标识码"
course_code = "课程编号"
course_title = "课程名称"
hours = {{ path = "培训学时", unit = "class_hour" }}
period_end = "结业时间"
certificate_number = "证书编号"
role = "角色"
place = "地点"
"#
    )
}

/// Returns a valid ID number, different for each of the first 100,000 people.
pub fn id_number(n: u32) -> String {
    let body = format!("220102{}{:02}{:02}{:03}", 1950 + n % 45, 1 + n / 45 % 12, 1 + n / 540 % 28, n / 15_120 % 1_000);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", b"10X98765432"[sum as usize % 11] as char)
}

/// Returns a generated name.
pub fn person_name(n: u32) -> String {
    let (family, given) = (["王", "李", "张", "刘", "陈"], ["伟", "芳", "娜", "敏", "静", "丽", "强", "磊"]);
    format!("{}{}{}", family[n as usize % 5], given[n as usize / 5 % 8], given[n as usize / 40 % 8])
}

/// Returns the nth record, from 0. The people repeat after 100,000 records.
pub fn record_cells(n: u32) -> [String; 10] {
    let person = n % 100_000;
    [
        person_name(person),
        id_number(person),
        "2122000001".into(),
        format!("YD-{:02}", n % 20),
        "中小学教师信息技术能力培训".into(),
        (n % 60 + 1).to_string(),
        "2014-09-11".into(),
        format!("ZS{n:07}"),
        "学科教师".into(),
        "长春".into(),
    ]
}

/// Columns that contain a number.
const NUMBERS: [usize; 1] = [5];

/// Writes the workbook.
pub fn write_workbook(to: impl Write + Seek, of: Rows) {
    let mut zip = ZipWriter::new(to);
    let options =
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).compression_level(Some(6));
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let ml = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let mut member = |name: &str, text: String| {
        zip.start_file(name, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    };
    let shared_part = format!(r#"<Override PartName="/xl/sharedStrings.xml" ContentType="{ml}.sharedStrings+xml"/>"#);
    member(
        "[Content_Types].xml",
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{ml}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{ml}.worksheet+xml"/>{}</Types>"#,
            if of.shared { &shared_part } else { "" }
        ),
    );
    member(
        "_rels/.rels",
        format!(
            r#"<?xml version="1.0"?><Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
        ),
    );
    member(
        "xl/workbook.xml",
        format!(
            r#"<?xml version="1.0"?><workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>"#
        ),
    );
    let shared_link = format!(r#"<Relationship Id="rId2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/>"#);
    member(
        "xl/_rels/workbook.xml.rels",
        format!(
            r#"<?xml version="1.0"?><Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>{}</Relationships>"#,
            if of.shared { &shared_link } else { "" }
        ),
    );
    // A million certificates are a million shared texts; names and ID numbers are a hundred thousand each, and the rest
    // are few.
    if of.shared {
        zip.start_file("xl/sharedStrings.xml", options).unwrap();
        write!(zip, r#"<?xml version="1.0"?><sst xmlns="{main}" uniqueCount="{}">"#, FEW + 2 * PEOPLE + of.rows)
            .unwrap();
        for text in (0..FEW).map(shared_text).chain((0..PEOPLE).flat_map(|n| [person_name(n), id_number(n)])) {
            write!(zip, "<si><t>{text}</t></si>").unwrap();
        }
        for n in 0..of.rows {
            write!(zip, "<si><t>ZS{n:07}</t></si>").unwrap();
        }
        write!(zip, "</sst>").unwrap();
    }
    zip.start_file("xl/worksheets/sheet1.xml", options).unwrap();
    write!(zip, r#"<?xml version="1.0"?><worksheet xmlns="{main}"><sheetData>"#).unwrap();
    let mut row = String::new();
    for number in 1..=of.rows {
        row.clear();
        row += &format!(r#"<row r="{number}">"#);
        let texts = if number == 1 { HEADER.map(str::to_owned) } else { record_cells(number - 2) };
        for (column, text) in texts.iter().enumerate() {
            let at = char::from(b'A' + u8::try_from(column).unwrap());
            if number > 1 && NUMBERS.contains(&column) {
                row += &format!(r#"<c r="{at}{number}"><v>{text}</v></c>"#);
            } else if of.shared && number > 1 {
                row += &format!(r#"<c r="{at}{number}" t="s"><v>{}</v></c>"#, shared_index(number - 2, column));
            } else {
                row += &format!(r#"<c r="{at}{number}" t="inlineStr"><is><t>{text}</t></is></c>"#);
            }
        }
        row += "</row>";
        zip.write_all(row.as_bytes()).unwrap();
    }
    write!(zip, "</sheetData></worksheet>").unwrap();
    zip.finish().unwrap();
}

const PEOPLE: u32 = 100_000;
/// Number of texts that many cells share: twenty courses, and the five that are the same in every row.
const FEW: u32 = 25;

fn shared_text(n: u32) -> String {
    let same = [2, 4, 6, 8, 9];
    if n < 20 { record_cells(n)[3].clone() } else { record_cells(0)[same[n as usize - 20]].clone() }
}

/// Returns the index of the shared text of a record's column.
fn shared_index(n: u32, column: usize) -> u32 {
    let person = FEW + 2 * (n % PEOPLE);
    match column {
        0 => person,
        1 => person + 1,
        3 => n % 20,
        7 => FEW + 2 * PEOPLE + n,
        _ => 20 + [2, 4, 6, 8, 9].iter().position(|of| *of == column).map_or(0, |at| u32::try_from(at).unwrap_or(0)),
    }
}
