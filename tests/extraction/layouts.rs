//! Layouts of files as offices make them: every row is accounted for, and cells are read as they are shown.

mod generated;
mod hidden;

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use huiliu_decode::accounting::LeftOut;
use huiliu_decode::decode;
use huiliu_decode::unpack::{self, Task, UnpackError};
use huiliu_decode::unpacker::{RequestedRecords, UnpackProcess, Unpacker};
use huiliu_manifest::Manifest;
use serde_json::Value;

use super::Site;
use super::folder::{folder_site, put_file};
use crate::test_env::{Scratch, Services, TestEnv};

/// Creates a site whose source reads the folder `drop` in this format.
fn layout_site(names: &str, format: &str) -> Site {
    folder_site(names, &format!("format = {format}"))
}

fn fault_path(name: &str) -> String {
    format!("{}/tests/extraction/layouts/faults/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Writes a connector for tables of training results with the columns of the samples.
fn write_connector(folder: &Path, format: &str, key: &str) {
    let text = format!(
        "manifest = 1\nid = \"x\"\nversion = 1\ntitle_zh = \"测试\"\ntitle_en = \"Test\"\nprofile = \"Made for a test.\"\n\n\
         [transport]\nkind = \"files\"\nnames = [\"*\"]\n\n[[stream]]\nname = \"s\"\nkind = \"certificate\"\nformat = {format}\n\
         record_key = [\"身份证号\", \"{key}\"]\nversion = {{ from = \"landing\" }}\npass = \"not_assessed\"\n\n[stream.map]\n\
         name = \"姓名\"\nid_number = \"身份证号\"\ncourse_code = \"{key}\"\nperiod_end = \"结业日期\"\n\
         hours = {{ path = \"学时\", unit = \"class_hour\" }}\n"
    );
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("manifest.toml"), text).unwrap();
}

const BOOK: &str = "{ kind = \"workbook\", layout = { header = [\"姓名\", \"身份证号\", \"学时\"] } }";
const TEXT: &str = "{ kind = \"csv\", layout = { header = [\"姓名\", \"身份证号\", \"学时\"] } }";

/// What a preview must show of a file.
struct Wanted {
    file: &'static str,
    format: &'static str,
    key: &'static str,
    clean: u64,
    /// Reason code → records.
    reasons: &'static [(&'static str, u64)],
    /// Sum of the class hours of the clean records.
    hours: u64,
}

const fn wanted(file: &'static str, format: &'static str, clean: u64, hours: u64) -> Wanted {
    Wanted { file, format, key: "课程名称", clean, reasons: &[], hours }
}

/// The title of the second table is a row like others, and has nothing that a record needs.
const TITLE_BETWEEN: &[(&str, u64)] =
    &[("course_code.missing", 1), ("hours.missing", 1), ("id_number.missing", 1), ("period_end.missing", 1)];

const WANTED: [Wanted; 18] = [
    // A second table whose columns have another order.
    Wanted { reasons: TITLE_BETWEEN, ..wanted("c21-two-tables-order.xlsx", BOOK, 12, 260) },
    wanted("c21e-order.csv", TEXT, 12, 260),
    // Tables within cells.
    wanted("d2b-nested.xls", BOOK, 9, 210),
    wanted("d2c-nested-all.xls", BOOK, 9, 210),
    // Merged cells: of a person, of a course with its hours, of rows of a web page.
    wanted("c3-merged-person.xlsx", BOOK, 12, 240),
    Wanted { reasons: &[("hours.merged", 9)], ..wanted("c3b-merged-course.xlsx", BOOK, 0, 0) },
    wanted("d1b-rowspan.xls", BOOK, 8, 80),
    // Months, of .xlsx and .xls.
    Wanted { reasons: &[("period_end.day", 12)], ..wanted("c8m-month-format.xlsx", BOOK, 0, 0) },
    Wanted { reasons: &[("period_end.day", 6)], ..wanted("d9c-month.xls", BOOK, 0, 0) },
    // Zeros before a number.
    Wanted { key: "课程编号", ..wanted("br09.xlsx", BOOK, 12, 300) },
    // Numbers in quotes after an equals sign.
    wanted("b9-eq.csv", TEXT, 12, 300),
    wanted("b9b-eqq.csv", TEXT, 12, 300),
    // Characters that nobody sees.
    wanted("br06-2015.csv", TEXT, 6, 130),
    // Packages whose parts have other names.
    wanted("c14-backslash.xlsx", BOOK, 12, 300),
    wanted("c16-mainpart.xlsx", BOOK, 12, 300),
    wanted("c16b-case.xlsx", BOOK, 12, 300),
    wanted("br05b-extlst.xlsx", BOOK, 12, 300),
    // A cover without a header is left out, and the other sheets are read.
    wanted("c28d-cover.xlsx", BOOK, 12, 260),
];

fn preview(house: &TestEnv, wanted: &Wanted) -> Value {
    let folder = house.dir.0.join("x");
    write_connector(&folder, wanted.format, wanted.key);
    let sample = fault_path(wanted.file);
    house.run_json(&["connectors", "preview", folder.to_str().unwrap(), "--sample", &sample, "--all", "--json"])
}

fn field<'r>(record: &'r Value, name: &str) -> &'r str {
    let fields = record["fields"].as_array().unwrap();
    fields.iter().find(|field| field["field"] == name).and_then(|field| field["text"].as_str()).unwrap_or_default()
}

#[test]
fn layouts_that_once_misled_are_read_as_they_are_shown() {
    let house = TestEnv::new(Services::Sqlite);
    let mut wrong = vec![];
    for wanted in &WANTED {
        let shown = preview(&house, wanted);
        let reasons: BTreeMap<&str, u64> = wanted.reasons.iter().copied().collect();
        let found: BTreeMap<String, u64> = serde_json::from_value(shown["summary"]["reasons"].clone()).unwrap();
        let records = shown["records"].as_array().unwrap();
        let hours: u64 =
            records.iter().filter_map(|r| r["class_hours"].as_str()).map(|h| h.parse::<u64>().unwrap()).sum();
        let is_same = found.iter().map(|(code, n)| (code.as_str(), *n)).eq(reasons);
        if !is_same || (shown["summary"]["clean"].as_u64(), hours) != (Some(wanted.clean), wanted.hours) {
            wrong.push(format!("{}: {} {hours}", wanted.file, shown["summary"]));
        }
        for table in shown["layout"].as_array().unwrap() {
            let parts = ["titles", "headers", "records", "suspects", "blank", "below", "unread"];
            let sum: u64 = parts.iter().map(|part| table[part].as_u64().unwrap()).sum();
            assert_eq!(table["rows"].as_u64(), Some(sum), "{}: {table}", wanted.file);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn codes_keep_their_zeros_and_dates_what_they_show() {
    let house = TestEnv::new(Services::Sqlite);
    let zeros = preview(&house, &Wanted { key: "课程编号", ..wanted("br09.xlsx", BOOK, 12, 300) });
    for record in zeros["records"].as_array().unwrap() {
        assert!(field(record, "course_code").starts_with("0000"), "{record}");
    }
    let dates = preview(&house, &wanted("c8-dates.xlsx", BOOK, 0, 0));
    let texts: Vec<&str> = dates["records"].as_array().unwrap().iter().map(|r| field(r, "period_end")).collect();
    for part in ["2014年9月", "9月11日", "星期四", "2014-09-11"] {
        assert!(texts.contains(&part), "{part}: {texts:?}");
    }
    for record in dates["records"].as_array().unwrap() {
        // What is typed as a day, or as the number of one, is a day.
        let text = field(record, "period_end");
        let is_day = text.matches(|c: char| !c.is_numeric()).count() >= 2 || text.len() == 5 || text.len() == 8;
        assert!(is_day || record["outcome"] == "parked", "{record}");
    }
}

/// A sheet that the manifest leaves out although it has records is told, and the run is not complete.
#[test]
fn a_sheet_of_records_that_is_not_read_is_told() {
    let pinned = "{ kind = \"workbook\", sheets = \"一小\", layout = { header = [\"姓名\", \"身份证号\", \"学时\"] } }";
    let ignored = pinned.replace("sheets", "ignored_sheets = [\"二*\", \"三小\"], sheets");
    for (format, is_told) in [(pinned, true), (&ignored, false)] {
        let site = layout_site("*.xlsx", BOOK);
        write_connector(&site.house.dir.0.join("manifests").join("p"), format, "课程名称");
        let manifest = site.house.dir.0.join("manifests/p/manifest.toml");
        let text = std::fs::read_to_string(&manifest).unwrap().replace("id = \"x\"", "id = \"p\"");
        std::fs::write(&manifest, text).unwrap();
        put_file(&site, "a.xlsx", std::fs::read(fault_path("c28b-sheets-words.xlsx")).unwrap());
        let out = site.run(&["sync", "a", "--json"]);
        let pass: Value = serde_json::from_slice(&out.stdout).unwrap();
        let balance = &pass["balance"];
        assert_eq!((balance["inserted"].as_u64(), balance["complete"].as_bool()), (Some(6), Some(!is_told)), "{pass}");
        assert_eq!(
            (out.status.code(), balance["layout"]["likely"].as_u64()),
            (Some(i32::from(is_told)), Some(if is_told { 12 } else { 0 }))
        );
        let shown = String::from_utf8(site.run(&["runs", "show", "1"]).stdout).unwrap();
        assert_eq!(shown.contains("12 rows of a.xlsx look like records and were not read"), is_told, "{shown}");
        assert!(shown.contains("二小") && shown.contains("三小"), "{shown}");
        let told = site.run_with_env(&["runs", "show", "1"], &[("HUILIU_LANG", "zh_CN.UTF-8")]);
        assert!(String::from_utf8(told.stdout).unwrap().contains("未读取"));
        let sums = site.run(&["balance"]);
        assert!(String::from_utf8(sums.stdout).unwrap().contains(if is_told { "12" } else { "balanced" }));
        // It ends with the next file of that name, read as the manifest says by then.
        let text =
            std::fs::read_to_string(&manifest).unwrap().replace(format, &ignored).replace("version = 1", "version = 2");
        std::fs::write(&manifest, text).unwrap();
        let again = site.house.dir.0.join("a.xlsx");
        std::fs::copy(fault_path("c28b-sheets-words.xlsx"), &again).unwrap();
        let out = site.run(&["upload", "a", again.to_str().unwrap()]);
        assert_eq!(out.status.code(), Some(0), "{out:?}");
        let sums: Value = serde_json::from_slice(&site.run(&["balance", "--json"]).stdout).unwrap();
        assert_eq!((&sums["complete"], &sums["layout"]["likely"]), (&Value::from(true), &Value::from(0)), "{sums}");
    }
}

/// Counts the sheets that are not read too slowly, as a child process with limits does for a huge one.
#[derive(Debug)]
struct SlowWithOthers;

#[async_trait]
impl UnpackProcess for SlowWithOthers {
    async fn unpack(&self, task: &Task, bytes: &[u8]) -> Result<String, UnpackError> {
        match &task.others {
            Some(others) if !others.only_named => Err(UnpackError::Time { seconds: 20 }),
            _ => unpack::unpack(task, bytes),
        }
    }
}

/// A sheet that nobody wants does not bar the sheet that is read.
#[test]
fn a_huge_sheet_that_is_not_read_is_only_named() {
    let format = "{ kind = \"workbook\", sheets = \"一小\", layout = { header = [\"姓名\", \"身份证号\", \"学时\"] } }";
    let scratch = Scratch::new("layouts");
    write_connector(&scratch.0, format, "课程名称");
    let text = std::fs::read_to_string(scratch.0.join("manifest.toml")).unwrap();
    let manifest = Manifest::parse("x", &text).unwrap();
    let stream = manifest.find_stream("s").unwrap();
    let bytes = std::fs::read(fault_path("c28b-sheets-words.xlsx")).unwrap();
    let unpacker = Unpacker::new(Box::new(SlowWithOthers));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let body = runtime.block_on(unpacker.prepare_part(stream, &bytes, RequestedRecords::Count, None)).unwrap();
    let outline = decode::outline_payload(stream, &body, None).unwrap();
    assert_eq!(outline.records, 6);
    let others: Vec<_> = outline.layout.tables.iter().map(|table| (table.left_out, table.rows > 0)).collect();
    assert_eq!(others, [(None, true), (Some(LeftOut::Unreadable), false), (Some(LeftOut::Unreadable), false)]);
}

/// What `infer` writes reads all sheets, or asks.
#[test]
fn inferred_manifests_read_sheets_in_any_order_and_ask_about_a_third_header_row() {
    let house = TestEnv::new(Services::Sqlite);
    let infer = |name: &str| {
        let out = house.dir.0.join(name);
        let place = out.to_str().unwrap();
        house.run_json(&["connectors", "infer", &fault_path(name), "--out", place, "--id", "x", "--json"])
    };
    for name in ["c28-sheets-order.xlsx", "c28d-cover.xlsx"] {
        infer(name);
        let place = house.dir.0.join(name);
        let asked = ["connectors", "preview", place.to_str().unwrap(), "--sample", &fault_path(name), "--json"];
        let shown = house.run_json(&asked);
        let records = shown["layout"].as_array().unwrap().iter().map(|table| table["records"].as_u64().unwrap());
        assert_eq!(records.sum::<u64>(), 12, "{shown}");
    }
    let questions = infer("c4-three-row-header.xlsx")["questions"].to_string();
    assert!(questions.contains("学时"), "{questions}");
}

/// An .ods file keeps what is shown beside each value; the library tells only the value.
#[test]
fn cells_of_ods_are_read_as_they_are_shown() {
    use std::io::Write as _;
    let cell = |kind: &str, value: &str, shown: &str| {
        format!("<table:table-cell office:value-type=\"{kind}\" {value}><text:p>{shown}</text:p></table:table-cell>")
    };
    let text = |shown: &str| cell("string", "", shown);
    let spanned =
        |shown: &str| text(shown).replace("office:value-type", "table:number-rows-spanned=\"2\" office:value-type");
    let covered = "<table:covered-table-cell/>";
    let float = |value: &str, shown: &str| cell("float", &format!("office:value=\"{value}\""), shown);
    let date = |day: &str, shown: &str| cell("date", &format!("office:date-value=\"{day}\""), shown);
    let row = |cells: &[String]| format!("<table:table-row>{}</table:table-row>", cells.concat());
    let header = ["姓名", "身份证号", "课程编号", "学时", "结业日期"].map(&text);
    let rows = [
        row(&header),
        row(&[
            spanned("王芳"),
            spanned("22010219590911001X"),
            float("8", "00008"),
            float("20", "20学时"),
            date("2014-09-11", "2014-09-11"),
        ]),
        row(&[covered.into(), covered.into(), text("00009"), float("12.5", "12.50"), date("2014-09-01", "2014年9月")]),
    ];
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:spreadsheet>\
         <table:table table:name=\"表1\">{}</table:table></office:spreadsheet></office:body></office:document-content>",
        rows.concat()
    );
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", &content),
        (
            "META-INF/manifest.xml",
            "<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\"/>",
        ),
    ] {
        archive.start_file(name, stored).unwrap();
        archive.write_all(bytes.as_bytes()).unwrap();
    }
    let house = TestEnv::new(Services::Sqlite);
    let sample = house.dir.0.join("a.ods");
    std::fs::write(&sample, archive.finish().unwrap().into_inner()).unwrap();
    let folder = house.dir.0.join("x");
    write_connector(&folder, BOOK, "课程编号");
    let shown = house.run_json(&[
        "connectors",
        "preview",
        folder.to_str().unwrap(),
        "--sample",
        sample.to_str().unwrap(),
        "--json",
    ]);
    let records = shown["records"].as_array().unwrap();
    let told: Vec<[&str; 4]> =
        records.iter().map(|r| ["name", "course_code", "hours", "period_end"].map(|name| field(r, name))).collect();
    assert_eq!(told, [["王芳", "00008", "20学时", "2014-09-11"], ["王芳", "00009", "12.5", "2014年9月"]], "{shown}");
    assert_eq!((&records[0]["outcome"], &records[0]["class_hours"]), (&"clean".into(), &"20".into()), "{shown}");
    assert_eq!(records[1]["problems"][0]["code"], "period_end.day", "{shown}");
}
