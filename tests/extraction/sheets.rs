//! Correction sheets that come like any other file: in a folder, among uploaded files, or by push.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::receive::{Open, open_with, push_site};
use super::{Platform, Says, Site, record_json, records_json};
use crate::test_env::Services;

const BOTH: [Services; 2] = [Services::Sqlite, Services::Postgres];

/// A list whose last record has no readable hours.
fn list_with_fault(from: usize) -> String {
    let good: Vec<String> = (from..from + 2).map(record_json).collect();
    let bad = record_json(from + 2).replace("\"hours\":", "\"hours\":\"无\",\"other\":");
    format!("[{},{bad}]", good.join(","))
}

fn open_letters(site: &Site) -> usize {
    site.list_items(&["dead-letters", "list", "--json"]).as_array().unwrap().len()
}

/// Exports the sheet and corrects the hours as a person does, under another name.
fn correct_sheet(site: &Site, name: &str, hours: &str) -> PathBuf {
    let file = site.house.dir.0.join(format!("of-{name}"));
    site.run_json(&["corrections", "export", "a", "--to", file.to_str().unwrap(), "--json"]);
    if name.ends_with(".csv") {
        return correct_text(&file, &site.house.dir.0.join(name), hours);
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corrections/sheet.py");
    let python = |args: &[&str]| {
        let out = Command::new("/usr/bin/python3").arg(&script).args(args).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        out.stdout
    };
    let seen: Value = serde_json::from_slice(&python(&[file.to_str().unwrap()])).unwrap();
    let place = seen["header"].as_array().unwrap().iter().position(|column| column == "huiliu:row").unwrap();
    let corrected = site.house.dir.0.join(name);
    let change = json!([{ "do": "set", "row": seen["rows"][0][place], "column": "hours", "value": hours }]);
    python(&[file.to_str().unwrap(), corrected.to_str().unwrap(), &change.to_string()]);
    corrected
}

/// Corrects the hours of the only row of a text.
fn correct_text(file: &Path, corrected: &Path, hours: &str) -> PathBuf {
    let mut rows = csv::ReaderBuilder::new().has_headers(false).from_path(file).unwrap();
    let mut rows: Vec<Vec<String>> =
        rows.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    let column = rows[0].iter().position(|name| name == "hours").unwrap();
    rows.last_mut().unwrap()[column] = hours.to_owned();
    let mut out = csv::Writer::from_path(corrected).unwrap();
    rows.iter().for_each(|row| out.write_record(row).unwrap());
    out.flush().unwrap();
    corrected.to_owned()
}

fn balance(site: &Site) -> (i64, i64, i64) {
    let told = site.run_json(&["balance", "--json"]);
    assert_eq!((&told["balanced"], &told["unread"]), (&true.into(), &0.into()), "{told}");
    let n = |key: &str| told[key].as_i64().unwrap();
    (n("received"), n("inserted"), n("parked"))
}

#[test]
fn a_sheet_in_a_folder_is_taken_and_its_rows_are_no_records() {
    for on in BOTH {
        let platform = Platform::start(|_| super::Answer::new(404, ""));
        let transport = "kind = \"files\"\nnames = [\"*\"]";
        let stream = "format = { kind = \"json\", items = \"\" }";
        let site = Site::with_database(on, &platform, &Says { transport, stream, map: "" });
        let folder = site.house.dir.0.join("drop");
        std::fs::create_dir_all(&folder).unwrap();
        site.write_source(&format!("folder = \"{}\"", folder.display()));
        std::fs::write(folder.join("list_1.json"), list_with_fault(0)).unwrap();
        assert!(site.run(&["sync", "a"]).status.code().is_some());
        assert_eq!((balance(&site), open_letters(&site)), ((3, 2, 1), 1), "{on:?}");

        // First a value that is wrong again, then the right one.
        std::fs::copy(correct_sheet(&site, "first.xlsx", "还是无"), folder.join("退回的表.xlsx")).unwrap();
        site.run_json(&["sync", "a", "--json"]);
        assert_eq!((balance(&site), open_letters(&site)), ((3, 2, 1), 1), "{on:?}");
        std::fs::copy(correct_sheet(&site, "second.csv", "2"), folder.join("退回的表2.csv")).unwrap();
        let pass = site.run_json(&["sync", "a", "--json"]);
        assert_eq!((balance(&site), open_letters(&site)), ((3, 3, 0), 0), "{on:?} {pass}");
        let notes = site.list_items(&["runs", "list", "--json"])[0]["notes"].clone();
        assert_eq!((&notes[0]["code"], &notes[0]["closed"]), (&"run.sheet_taken".into(), &1.into()), "{notes}");
        let files = site.list_items(&["files", "list", "a", "--json"]);
        assert!(files.as_array().unwrap().iter().all(|file| file["state"] == "read"), "{files}");
        let log = site.list_items(&["audit", "--action", "payload.correct", "--json"]);
        assert_eq!(log[1]["actor"], "source a", "{log}");
        // The same sheet is not read again.
        site.run_json(&["sync", "a", "--json"]);
        assert_eq!(balance(&site), (3, 3, 0));
    }
}

#[test]
fn a_sheet_among_uploaded_files_is_told_from_them() {
    let platform = Platform::start(|_| super::Answer::new(404, ""));
    let says = Says { transport: "kind = \"push\"", stream: "format = { kind = \"json\", items = \"\" }", map: "" };
    let site = Site::new(&platform, &says);
    let file = |name: &str, text: &str| {
        let path = site.house.dir.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    site.run(&["upload", "a", &file("one.json", &list_with_fault(0))]);
    assert_eq!(balance(&site), (3, 2, 1));
    let sheet = correct_sheet(&site, "back.xlsx", "2").to_str().unwrap().to_owned();
    site.run_json(&["upload", "a", &file("two.json", &records_json(10..12)), &sheet, "--json"]);
    assert_eq!((balance(&site), open_letters(&site)), ((5, 5, 0), 0));
}

#[test]
fn a_pushed_sheet_is_taken_before_the_answer() {
    for on in BOTH {
        let site = push_site(on);
        let open: Open = open_with(site.command(&["receive", "--listen", "127.0.0.1:0"]));
        let (status, told) = open.post_with_bearer("first", &list_with_fault(0));
        assert_eq!((status, &told["records"]), (202, &3.into()), "{told}");
        assert!(site.run(&["worker", "--until-done"]).status.success());
        assert_eq!(open_letters(&site), 1);
        let name = if matches!(on, Services::Sqlite) { "back.xlsx" } else { "back.csv" };
        let sheet = std::fs::read(correct_sheet(&site, name, "2")).unwrap();
        let bearer = format!("Bearer {}", super::receive::SECRET);
        for _ in 0..2 {
            let headers = [("authorization", bearer.as_str()), ("idempotency-key", "sheet")];
            let (status, told) = open.post_request("/push/a", &headers, &sheet);
            assert_eq!((status, &told["records"]), (202, &0.into()), "{told}");
        }
        assert_eq!((balance(&site), open_letters(&site)), ((3, 3, 0), 0), "{on:?}");
    }
}
