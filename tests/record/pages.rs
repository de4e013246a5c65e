//! Pages of generated people, in every format and as platforms write them, and independent readers for them.

use std::io::{Cursor, Read as _, Write as _};

use proptest::prelude::*;
use rust_xlsxwriter::{Format as Style, Workbook};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

#[derive(Debug, Clone, Default)]
pub struct Person {
    pub name: String,
    pub id_number: String,
    pub phone: String,
    pub e_mail: String,
}

/// Generates people with right and wrong ID numbers, and names of all kinds.
pub fn person_strategy() -> impl Strategy<Value = Person> {
    let name = prop_oneof![
        "[赵钱孙李周吴郑王冯陈诸卫][一二三四五六七八九十甲乙丙丁戊己]{1,2}",
        "[欧阳司马上官诸葛]{2}[子丑寅卯辰巳午未申酉]{1,2}",
        "[阿卜杜拉买提]{3,5}·[阿卜杜拉买提]{3,5}",
        "[A-Z][a-z]{3,6} [A-Z][a-z]{4,7}",
    ];
    let id_number = prop_oneof![
        "22(0[1-8]02|2401)(19[6-9][0-9])(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}[0-9X]",
        "2201(0[2-6])[6-9][0-9](0[1-9])(0[1-9]|1[0-9]|2[0-8])[1-8][0-9]{2}",
        Just("22010219590911001X".to_owned()),
        "[1-9][0-9]{16}",
    ];
    (name, id_number, "1[3-9][0-9]{9}", "[a-z]{6,12}@[a-z]{4,8}\\.(com|cn)")
        .prop_map(|(name, id_number, phone, e_mail)| Person { name, id_number, phone, e_mail })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Json,
    EscapedJson,
    JsonLines,
    Xml,
    EscapedXml,
    Csv,
    Gb18030,
    Utf16,
    ZippedCsv,
    GzippedJson,
    Workbook,
    RichWorkbook,
}

pub const FORMS: [Form; 12] = [
    Form::Json,
    Form::EscapedJson,
    Form::JsonLines,
    Form::Xml,
    Form::EscapedXml,
    Form::Csv,
    Form::Gb18030,
    Form::Utf16,
    Form::ZippedCsv,
    Form::GzippedJson,
    Form::Workbook,
    Form::RichWorkbook,
];

const LAYOUT: &str = "layout = { header = [\"name\", \"idNo\"], end_markers = [\"合计\"] }";
const COLUMNS: [&str; 7] = ["name", "idNo", "course", "hours", "end", "version", "remark"];

impl Form {
    pub fn is_text(self) -> bool {
        !matches!(self, Self::ZippedCsv | Self::GzippedJson | Self::Workbook | Self::RichWorkbook)
    }

    pub fn file_extension(self) -> &'static str {
        match self {
            Self::Json | Self::EscapedJson => "json",
            Self::JsonLines => "jsonl",
            Self::Xml | Self::EscapedXml => "xml",
            Self::Csv | Self::Gb18030 | Self::Utf16 => "csv",
            Self::ZippedCsv => "zip",
            Self::GzippedJson => "gz",
            Self::Workbook | Self::RichWorkbook => "xlsx",
        }
    }

    fn format_toml(self) -> String {
        match self {
            Self::Json | Self::EscapedJson | Self::GzippedJson => "kind = \"json\", items = \"list\"".into(),
            Self::JsonLines => "kind = \"json_lines\"".into(),
            Self::Xml | Self::EscapedXml => "kind = \"xml\", root = \"r\", item = \"i\"".into(),
            Self::Csv | Self::ZippedCsv => format!("kind = \"csv\", {LAYOUT}"),
            Self::Gb18030 => format!("kind = \"csv\", encoding = \"gb18030\", {LAYOUT}"),
            Self::Utf16 => format!("kind = \"csv\", encoding = \"utf-16\", separator = \"tab\", {LAYOUT}"),
            Self::Workbook | Self::RichWorkbook => format!("kind = \"workbook\", sheets = \"名单*\", {LAYOUT}"),
        }
    }

    pub fn manifest_text(self) -> String {
        let archive = match self {
            Self::ZippedCsv => "archive = { kind = \"zip\", members = \"*.csv\" }\n",
            Self::GzippedJson => "archive = { kind = \"gzip\" }\n",
            _ => "",
        };
        let id = format!("{self:?}").to_lowercase();
        format!(
            "manifest = 1\nid = \"{id}\"\nversion = 1\ntitle_zh = \"甲\"\ntitle_en = \"A\"\nprofile = \"made up\"\n\
             [transport]\nkind = \"files\"\nnames = [\"*\"]\n\
             [[stream]]\nname = \"rows\"\nkind = \"certificate\"\nformat = {{ {} }}\n{archive}record_key = [\"idNo\", \"course\"]\n\
             version = {{ from = \"field\", path = \"version\" }}\npass = \"not_assessed\"\n\
             [stream.map]\nname = \"name\"\nid_number = \"idNo\"\ncourse_code = \"course\"\ncourse_title = \"course\"\n\
             hours = {{ path = \"hours\", unit = \"day\" }}\nperiod_end = \"end\"\n",
            self.format_toml()
        )
    }

    pub fn render_page(self, people: &[Person]) -> Vec<u8> {
        let rows: Vec<Vec<String>> = people.iter().enumerate().map(person_row).collect();
        let objects: Vec<Value> = rows.iter().map(|row| row_object(row)).collect();
        let page = json!({ "list": objects }).to_string();
        match self {
            Self::Json => page.into_bytes(),
            Self::EscapedJson => escape_non_ascii(&page, |c| {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04X}")).collect()
            }),
            Self::GzippedJson => gzip_bytes(page.as_bytes()),
            Self::JsonLines => objects.iter().map(|o| format!("{o}\n")).collect::<String>().into_bytes(),
            Self::Xml => xml_page(&rows, ("<![CDATA[", "]]>")).into_bytes(),
            Self::EscapedXml => escape_non_ascii(&xml_page(&rows, ("", "")), |c| format!("&#{};", u32::from(c))),
            Self::Csv => csv_page(&rows, b',').into_bytes(),
            Self::Gb18030 => encoding_rs::GB18030.encode(&csv_page(&rows, b',')).0.into_owned(),
            Self::Utf16 => csv_page(&rows, b'\t').encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::ZippedCsv => zip_members(&[("rows.csv", csv_page(&rows, b',').as_bytes()), ("王芳.txt", b"x")]),
            Self::Workbook => build_workbook(&[("名单", table_rows(&rows))]),
            Self::RichWorkbook => build_rich_workbook(&table_rows(&rows)),
        }
    }

    /// Returns the whole text of a page, with escapes resolved.
    pub fn plain_text(self, bytes: &[u8]) -> String {
        match self {
            Self::Json | Self::EscapedJson => serde_json::from_slice::<Value>(bytes).unwrap().to_string(),
            Self::GzippedJson => Self::Json.plain_text(&gunzip_bytes(bytes)),
            Self::JsonLines | Self::Csv => String::from_utf8(bytes.to_vec()).unwrap(),
            Self::Xml | Self::EscapedXml => {
                quick_xml::escape::unescape(std::str::from_utf8(bytes).unwrap()).unwrap().into_owned()
            }
            Self::Gb18030 => encoding_rs::GB18030.decode(bytes).0.into_owned(),
            Self::Utf16 => encoding_rs::UTF_16LE.decode(bytes).0.into_owned(),
            Self::ZippedCsv | Self::Workbook => archive_text(bytes),
            // A name that is split into runs is one name.
            Self::RichWorkbook => archive_text(bytes).replace("</t></r><r><t>", ""),
        }
    }

    /// Returns name, ID number and remark of each row, for formats in which they are easy to read.
    pub fn read_people(self, bytes: &[u8]) -> Vec<(String, String, String)> {
        let of = |row: &Value| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            (text("name"), text("idNo"), text("remark"))
        };
        match self {
            Self::Json | Self::EscapedJson => {
                let page: Value = serde_json::from_slice(bytes).unwrap();
                page["list"].as_array().unwrap().iter().map(of).collect()
            }
            Self::Csv | Self::Gb18030 => {
                let text = self.plain_text(bytes);
                let mut rows = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
                let rows = rows.records().map(Result::unwrap).filter(|row| row.len() == 7 && &row[2] == "KC-1");
                rows.map(|row| (row[0].to_owned(), row[1].to_owned(), row[6].to_owned())).collect()
            }
            _ => vec![],
        }
    }
}

fn person_row((at, person): (usize, &Person)) -> Vec<String> {
    let Person { name, id_number, phone, e_mail } = person;
    let remark = format!("{name}（{id_number}），电话{phone}, \"{e_mail}\"");
    // The version is a long number that must stay.
    [name, id_number, "KC-1", "3", "2014-09-11", &format!("{}", 1_410_400_000_000_u64 + at as u64), &remark]
        .map(str::to_owned)
        .to_vec()
}

fn row_object(row: &[String]) -> Value {
    COLUMNS
        .iter()
        .zip(row)
        .map(|(name, text)| ((*name).to_owned(), Value::from(text.as_str())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Writes every character outside ASCII by its number.
fn escape_non_ascii(text: &str, write: impl Fn(char) -> String) -> Vec<u8> {
    text.chars().map(|c| if c.is_ascii() { c.to_string() } else { write(c) }).collect::<String>().into_bytes()
}

/// Returns XML with `open` and `close` around the remarks.
fn xml_page(rows: &[Vec<String>], (open, close): (&str, &str)) -> String {
    let item = |row: &Vec<String>| {
        let field = |(name, text): (&&str, &String)| match *name {
            "remark" => format!("<remark>{open}{text}{close}</remark>"),
            name => format!("<{name}>{}</{name}>", quick_xml::escape::escape(text.as_str())),
        };
        let fields: String = COLUMNS.iter().zip(row).map(field).collect();
        format!("<i who=\"{}\">{fields}</i>\n", quick_xml::escape::escape(row[0].as_str()))
    };
    format!("<r>\n{}</r>\n", rows.iter().map(item).collect::<String>())
}

fn csv_page(rows: &[Vec<String>], separator: u8) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).delimiter(separator).from_writer(vec![]);
    writer.write_record(["某县登记表"]).unwrap();
    writer.write_record(COLUMNS).unwrap();
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    writer.write_record(["合计"]).unwrap();
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn table_rows(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let head = vec![COLUMNS.map(str::to_owned).to_vec()];
    [head, rows.to_vec()].concat()
}

/// Builds a workbook with these sheets.
pub fn build_workbook(sheets: &[(&str, Vec<Vec<String>>)]) -> Vec<u8> {
    let mut book = Workbook::new();
    for (name, rows) in sheets {
        let sheet = book.add_worksheet().set_name(*name).unwrap();
        for (at, row) in rows.iter().enumerate() {
            for (column, text) in row.iter().enumerate() {
                sheet.write(u32::try_from(at).unwrap(), u16::try_from(column).unwrap(), text.as_str()).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}

/// Builds a workbook in which the first letter of each name has a format of its own.
fn build_rich_workbook(rows: &[Vec<String>]) -> Vec<u8> {
    let (plain, bold) = (Style::new(), Style::new().set_bold());
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("名单").unwrap();
    for (at, row) in rows.iter().enumerate() {
        for (column, text) in row.iter().enumerate() {
            let (at, column) = (u32::try_from(at).unwrap(), u16::try_from(column).unwrap());
            let first = text.chars().next().map_or(0, char::len_utf8);
            if column == 0 && at > 0 {
                sheet.write_rich_string(at, column, &[(&bold, &text[..first]), (&plain, &text[first..])]).unwrap();
            } else {
                sheet.write(at, column, text.as_str()).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}

fn zip_members(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(vec![]));
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Returns all members of an archive, one after the other, with their names.
fn archive_text(bytes: &[u8]) -> String {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut all = String::new();
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).unwrap();
        all.push_str(member.name().unwrap().as_ref());
        let mut bytes = vec![];
        member.read_to_end(&mut bytes).unwrap();
        all.push_str(&String::from_utf8_lossy(&bytes).replace("&quot;", "\""));
    }
    all
}

fn gzip_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn gunzip_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![];
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
    out
}
