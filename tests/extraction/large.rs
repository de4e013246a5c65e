//! Files and answers of more than 8 MiB: landed in pieces, read in windows, and otherwise treated as small ones.

use std::io::Write as _;

use super::{Answer, Platform, Says, Site};
use crate::test_env::Services;

const ROWS: usize = 9_000;
const BAD: usize = 7_777;

/// Returns a record of more than a kilobyte. The hours of record `BAD` are a word.
fn record_cells(n: usize) -> [String; 8] {
    let hours = if n == BAD { "四" } else { "4" };
    let texts = [&format!("R{n}"), "1", "王一", "22010219590911001X", &format!("C-{n}"), hours, "2014-09-11"];
    let [id, v, name, idno, course, hours, end] = texts.map(str::to_owned);
    [id, v, name, idno, course, hours, end, format!("\"备注,\n{}\"", "课".repeat(600))]
}

const NAMES: [&str; 8] = ["id", "v", "name", "idno", "course", "hours", "end", "note"];

fn csv_text() -> String {
    let rows = (0..ROWS).map(|n| record_cells(n).join(",") + "\r\n");
    format!("培训记录\r\n{}\r\n", NAMES.join(",")) + &rows.collect::<String>()
}

fn json_text() -> String {
    let item = |n: usize| {
        let fields =
            NAMES.iter().zip(record_cells(n)).map(|(name, cell)| format!("{name:?}:{}", serde_json::json!(cell)));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
    };
    format!("{{\"d\":{{\"items\":[{}]}}}}", (0..ROWS).map(item).collect::<Vec<_>>().join(","))
}

fn xml_text() -> String {
    let item = |n: usize| {
        let fields = NAMES.iter().zip(record_cells(n)).map(|(name, cell)| format!("<{name}>{cell}</{name}>"));
        format!("<r>{}</r>\n", fields.collect::<String>())
    };
    format!("<?xml version=\"1.0\"?>\n<list><all>{}</all></list>\n", (0..ROWS).map(item).collect::<String>())
}

/// Reads the payload as a platform's only page, in an answer compressed with gzip.
fn check_over_http(format: &str, bytes: &[u8]) {
    assert!(bytes.len() > 8 << 20);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    let gzip = gzip.finish().unwrap();
    let platform = Platform::start(move |asked| match asked.path.as_str() {
        "/list" => Answer::new(200, gzip.clone()).with_header("content-encoding", "gzip"),
        _ => Answer::new(404, ""),
    });
    let stream = format!("request = \"/list\"\nformat = {format}");
    let says = Says { stream: &stream, ..Says::default() };
    let site = Site::with_database(Services::Sqlite, &platform, &says);
    check_large_source(&site, &says, &format!("/list page first item {BAD}"));
}

fn check_from_folder(on: Services, format: &str, (file, bytes): (&str, &[u8]), address: &str) {
    assert!(bytes.len() > 8 << 20);
    let platform = Platform::start(|_| Answer::new(404, ""));
    let stream = format!("format = {format}");
    let says = Says { transport: "kind = \"files\"\nnames = [\"large*\"]", stream: &stream, map: "" };
    let site = Site::with_database(on, &platform, &says);
    let folder = site.house.dir.0.join("drop");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(file), bytes).unwrap();
    site.write_settings(&format!(
        "[[source]]\nname = \"a\"\nconnector = \"p\"\ninstitution_code = \"I\"\nfolder = \"{}\"\n",
        folder.display()
    ));
    check_large_source(&site, &says, address);
}

fn check_large_source(site: &Site, says: &Says, address: &str) {
    let balance = |args: &[&str]| {
        let pass = site.run_json(args);
        ["received", "inserted", "unchanged", "parked"].map(|key| pass["balance"][key].as_u64().unwrap() as usize)
    };
    assert_eq!(balance(&["sync", "a", "--json"]), [ROWS, ROWS - 1, 0, 1]);
    let pieces = || site.house.run_sql("SELECT count(*) FROM payload_piece");
    let landed = pieces();
    assert!(landed >= 8, "{landed} pieces");
    // Received again, its bytes are not stored again.
    assert_eq!(balance(&["sync", "a", "--full", "--json"]), [ROWS, 0, ROWS - 1, 1]);
    assert_eq!(pieces(), landed);
    let letters = site.list_items(&["dead-letters", "list", "--json"]);
    assert!(letters.to_string().contains(address), "{letters}");
    // The payload is resealed, then read again under another manifest.
    site.run_json(&["keys", "rotate", "--json"]);
    let four = "hours = { path = \"hours\", unit = \"day\", then = [{ values = { values = { \"四\" = \"4\" } } }] }";
    let mended = super::manifest_text("p", says).replace("hours = { path = \"hours\", unit = \"day\" }", four);
    site.write_manifest("p", &mended.replace("version = 1\ntitle", "version = 2\ntitle"));
    let plan = site.run_json(&["replay", "plan", "--json"]);
    site.run_json(&["replay", "apply", &plan["replay"].to_string(), "--json"]);
    assert_eq!(site.house.run_sql("SELECT count(*) FROM training_record"), ROWS as i64, "{plan}");
}

const CSV: &str = "{ kind = \"csv\", encoding = \"auto\", layout = { header = [\"id\", \"idno\"] } }";

const XML: &str = "{ kind = \"xml\", root = \"list\", item = \"all.r\" }";

/// Returns the address of the bad record: two lines above the records, and two lines for each record.
fn bad_line_address() -> String {
    format!("large.csv line {}", 3 + 2 * BAD)
}

#[test]
fn csv_in_gb18030() {
    check_from_folder(
        Services::Sqlite,
        CSV,
        ("large.csv", &encoding_rs::GB18030.encode(&csv_text()).0),
        &bad_line_address(),
    );
}

#[test]
fn csv_on_postgresql() {
    check_from_folder(Services::Postgres, CSV, ("large.csv", csv_text().as_bytes()), &bad_line_address());
}

#[test]
fn json_by_path() {
    let format = "{ kind = \"json\", items = \"d.items\" }";
    check_from_folder(
        Services::Sqlite,
        format,
        ("large.json", json_text().as_bytes()),
        &format!("large.json item {BAD}"),
    );
}

#[test]
fn xml_from_a_folder() {
    check_from_folder(Services::Sqlite, XML, ("large.xml", xml_text().as_bytes()), &format!("large.xml item {BAD}"));
}

#[test]
fn xml_over_http() {
    check_over_http(XML, xml_text().as_bytes());
}

#[test]
fn json_over_http() {
    check_over_http("{ kind = \"json\", items = \"d.items\" }", json_text().as_bytes());
}

/// Only a window of the workbook is in memory, yet the next pass begins after the workbook's last row.
#[test]
fn all_rows_of_an_exported_workbook_say_where_the_next_pass_begins() {
    let names = ["id", "no", "v", "name", "idno", "course", "hours", "end", "note"];
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, names).unwrap();
    let mut digits = 1u64;
    for n in 1..=1_200 {
        let (id, no, course) = (format!("R{n}"), n.to_string(), format!("C-{n}"));
        let note: String = std::iter::from_fn(|| {
            digits = digits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Some(format!("{:016x}", digits >> 4))
        })
        .take(1_000)
        .collect();
        let cells = [&id, &no, "1", "王一", "22010219590911001X", &course, "4", "2014-09-11", &note];
        sheet.write_row(n, 0, cells).unwrap();
    }
    let book = book.save_to_buffer().unwrap();
    let platform = Platform::start(move |asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("POST", "/orders") => Answer::json(r#"{"id":"E","state":"done"}"#),
        ("GET", "/orders/E") => Answer::json(r#"{"state":"done"}"#),
        ("GET", "/orders/E/file") => Answer::new(200, book.clone()),
        _ => Answer::new(404, ""),
    });
    let stream = "format = { kind = \"workbook\", sheets = \"*\", layout = { header = [\"id\", \"idno\"] } }\n\
                  since = { by = \"counter\", param = \"after\", path = \"no\" }\n\
                  export = { create = { path = \"/orders\", method = \"post\" }, id = \"id\", poll = \"/orders/${export}\", \
                  state = \"state\", ready = [\"done\"], every_seconds = 1, download = \"/orders/${export}/file\" }";
    let site = Site::new(&platform, &Says { stream, ..Says::default() });
    assert_eq!(site.sync(), (1_200, 1_200));
    assert_eq!(site.read_cursor(), serde_json::json!({ "since": "1200" }));
}
