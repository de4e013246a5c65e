//! Correction sheets: exported, corrected with openpyxl, and handed in again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::{BOTH, new_demo, refused};
use crate::test_env::{Services, TestEnv};

const SOURCE: &str = "demo-institution";
pub const TOKEN: &str = "huiliu:row";

pub fn run_python(args: &[&str]) -> Vec<u8> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corrections/sheet.py");
    let out = Command::new("/usr/bin/python3").arg(script).args(args).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

/// A correction sheet as a spreadsheet program sees it.
struct Sheet {
    file: PathBuf,
    seen: Value,
}

impl Sheet {
    fn export(house: &TestEnv, name: &str, filter: &[&str]) -> Self {
        let file = house.dir.0.join(name);
        let path = file.to_str().unwrap().to_owned();
        let made = house.run_json(&[&["corrections", "export", SOURCE, "--to", &path, "--json"], filter].concat());
        let seen: Value = serde_json::from_slice(&run_python(&[&path])).unwrap();
        assert_eq!(made["rows"], seen["rows"].as_array().unwrap().len());
        Self { file, seen }
    }

    fn header(&self) -> Vec<&str> {
        self.seen["header"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
    }

    fn rows(&self) -> Vec<BTreeMap<&str, &str>> {
        let header = self.header();
        let rows = self.seen["rows"].as_array().unwrap().iter();
        rows.map(|row| {
            let cells = row.as_array().unwrap().iter().map(|cell| cell.as_str().unwrap_or_default());
            header.iter().copied().zip(cells).collect()
        })
        .collect()
    }

    /// The token of a letter's row.
    fn token(&self, letter: &Value) -> String {
        let start = format!("{letter}-");
        let rows = self.rows();
        rows.iter().map(|row| row[TOKEN]).find(|token| token.starts_with(&start)).unwrap().to_owned()
    }

    /// Saves a changed copy under another name.
    fn change(&self, name: &str, changes: &Value) -> String {
        let out = self.file.with_file_name(name).to_str().unwrap().to_owned();
        run_python(&[self.file.to_str().unwrap(), &out, &changes.to_string()]);
        out
    }
}

fn open_letters(house: &TestEnv, filter: &[&str]) -> Vec<Value> {
    let args = [&["dead-letters", "list", "--source", SOURCE, "--limit", "1000", "--json"], filter].concat();
    house.list_items(&args).as_array().unwrap().clone()
}

fn with_code<'l>(letters: &'l [Value], code: &str) -> &'l Value {
    let only =
        |letter: &&Value| letter["reasons"].as_array().unwrap().len() == 1 && letter["reasons"][0]["code"] == code;
    &letters.iter().find(only).unwrap()["dead_letter"]
}

pub fn import(house: &TestEnv, source: &str, file: &str) -> Value {
    house.run_json(&["corrections", "import", source, file, "--json"])
}

#[test]
fn a_protected_sheet_is_opened_by_its_password_alone_and_handed_in_again() {
    let house = new_demo(Services::Sqlite);
    let stream = ["--stream", "completions"];
    let open = open_letters(&house, &stream).len();
    let workbook = house.dir.0.join("county.xlsx");
    let asked = ["corrections", "export", SOURCE, "--to", workbook.to_str().unwrap(), "--protect"];
    refused(&house, &[&asked[..], &stream].concat(), &[".zip"]);
    assert!(!workbook.exists());
    let archive = house.dir.0.join("county.zip");
    let path = archive.to_str().unwrap();
    let args = [&["corrections", "export", SOURCE, "--to", path, "--protect", "--json"], &stream[..]].concat();
    let made = house.run_json(&args);
    let password = made["password"].as_str().unwrap();
    let unpack = |password: &str| {
        let (target, password) = (format!("-o{}", house.dir.0.display()), format!("-p{password}"));
        Command::new("7zz").args(["x", "-y", &target, &password, path]).output().expect("7zz; run `bash tests/run`")
    };
    assert!(!unpack("23456789").status.success());
    let out = unpack(password);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let listed = Command::new("7zz").args(["l", "-slt", path]).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains("AES-256"));
    let taken = import(&house, SOURCE, workbook.to_str().unwrap());
    assert_eq!(taken["outcomes"], json!({ "unchanged": open }));
    // The password stands nowhere, and each archive has its own.
    assert!(!house.run_json(&["audit", "--json"]).to_string().contains(password));
    std::fs::remove_file(&archive).unwrap();
    let again = house.run_json(&args);
    assert_ne!(again["password"].as_str().unwrap(), password);
    assert_eq!(Sheet::export(&house, "open.xlsx", &stream).rows().len(), open);
}

#[test]
fn a_sheet_is_corrected_and_exactly_its_corrected_letters_close() {
    for on in BOTH {
        let house = new_demo(on);
        let stream = ["--stream", "completions"];
        let before = open_letters(&house, &stream);
        let sheet = Sheet::export(&house, "faults.xlsx", &stream);
        assert_eq!(sheet.rows().len(), before.len());
        assert_eq!((&sheet.seen["sheet"], &sheet.seen["types"]), (&"completions".into(), &json!(["s"])));
        assert_eq!(sheet.seen["hidden"], json!([TOKEN]));
        for (nth, row) in sheet.rows().iter().enumerate() {
            let number: i64 = row[TOKEN].split_once('-').unwrap().0.parse().unwrap();
            let letter = before.iter().find(|letter| letter["dead_letter"] == number).unwrap();
            let mut guilty: Vec<&str> =
                letter["reasons"].as_array().unwrap().iter().map(|of| of["source_field"].as_str().unwrap()).collect();
            guilty.retain(|field| sheet.header().contains(field));
            let coloured: Vec<&str> =
                sheet.seen["coloured"][nth].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            assert!(guilty.iter().all(|field| coloured.contains(field)) && coloured.len() <= guilty.len(), "{letter}");
        }
        let (score, version) = (with_code(&before, "score.learning.precision"), with_code(&before, "version.form"));
        let file = sheet.change(
            "改好了.xlsx",
            &json!([
                { "do": "set", "row": sheet.token(score), "column": "scores.learning", "value": 71.5 },
                { "do": "set", "row": sheet.token(version), "column": "version", "value": "很新" },
            ]),
        );
        // Under any name, by the ordinary way of handing in a file.
        let taken = house.run_json(&["upload", SOURCE, &file, "--json"]);
        assert_eq!(taken["outcomes"], json!({ "closed": 1, "still_open": 1, "unchanged": before.len() - 2 }));
        let still = taken["rows"].as_array().unwrap().iter().find(|row| row["outcome"] == "still_open").unwrap();
        assert_eq!(
            (&still["dead_letter"], &still["fields"], &still["reasons"][0]["seen"]),
            (version, &json!(["version"]), &"很新".into())
        );
        let left = open_letters(&house, &stream);
        let numbers = |letters: &[Value]| letters.iter().map(|of| of["dead_letter"].clone()).collect::<Vec<_>>();
        assert_eq!(numbers(&left), numbers(&before).into_iter().filter(|of| of != score).collect::<Vec<_>>());
        assert!(house.run(&["balance"]).status.success());
        // The second round: the value is the corrected one, and what is still wrong stands beside it.
        let again = Sheet::export(&house, "again.xlsx", &stream);
        let token = again.token(version);
        assert!(again.rows().iter().any(|row| row[TOKEN] == token && row["version"] == "很新"));
        let file =
            again.change("third.xlsx", &json!([{ "do": "set", "row": token, "column": "version", "value": "7" }]));
        let plan = house.run_json(&["corrections", "import", SOURCE, &file, "--plan", "--json"]);
        assert_eq!(plan["outcomes"], json!({ "corrected": 1, "unchanged": left.len() - 1 }));
        assert_eq!(open_letters(&house, &stream).len(), left.len());
        assert_eq!(import(&house, SOURCE, &file)["outcomes"], json!({ "closed": 1, "unchanged": left.len() - 1 }));
        // The sheet of yesterday: what is closed stays closed.
        let taken = import(&house, SOURCE, sheet.file.to_str().unwrap());
        assert_eq!(taken["outcomes"], json!({ "not_open": 2, "unchanged": before.len() - 2 }));
        assert_eq!(taken["replays"], json!([]));
        assert!(house.run(&["balance"]).status.success());
    }
}

#[test]
fn what_cannot_be_told_for_sure_is_said_row_by_row() {
    let house = new_demo(Services::Sqlite);
    let stream = ["--stream", "completions"];
    let before = open_letters(&house, &stream);
    let sheet = Sheet::export(&house, "faults.xlsx", &stream);
    let score = with_code(&before, "score.learning.precision");
    let other = before.iter().map(|letter| &letter["dead_letter"]).find(|number| *number != score).unwrap();
    let set = json!({ "do": "set", "row": sheet.token(score), "column": "scores.learning", "value": "71.5" });
    // Columns at other places, rows twice, a new row, a number of nobody, and an ID number that became a number.
    let file = sheet.change(
        "odd.xlsx",
        &json!([
            { "do": "set", "row": sheet.token(other), "column": "idNo", "value": 220_102_196_507_160_000_i64 },
            { "do": "move", "column": "scores.learning" },
            set,
            { "do": "repeat", "row": sheet.token(score) },
            { "do": "append", "values": ["neu-1", "neu-2", "neu-3"] },
            { "do": "set", "row": "neu-3", "column": TOKEN, "value": "999999-0123456789abcdef" },
            { "do": "append", "values": ["neu-4", "neu-5", "neu-6"] },
        ]),
    );
    let taken = import(&house, SOURCE, &file);
    assert_eq!(
        taken["outcomes"],
        json!({ "closed": 1, "doubtful": 1, "repeated": 1, "unknown": 1, "no_number": 1, "unchanged": before.len() - 2 }),
        "{taken}"
    );
    // A column that is gone changes nothing; it is said.
    let sheet = Sheet::export(&house, "faults2.xlsx", &stream);
    let file = sheet.change("narrow.xlsx", &json!([{ "do": "drop", "column": "courseName" }]));
    let taken = import(&house, SOURCE, &file);
    assert_eq!(
        (&taken["missing_columns"], &taken["outcomes"]),
        (&json!(["courseName"]), &json!({ "unchanged": before.len() - 1 }))
    );
    // A column that stands twice: nobody knows which of them is meant.
    let file = sheet.change("twice.xlsx", &json!([{ "do": "double", "column": "courseName" }]));
    refused(&house, &["corrections", "import", SOURCE, &file], &["twice.xlsx", "courseName"]);
    // A column that a spreadsheet program has made numbers of.
    let rows = sheet.rows();
    let minutes = rows.iter().find(|row| row["studyMinutes"].parse::<u32>().is_ok()).unwrap();
    let number: u32 = minutes["studyMinutes"].parse().unwrap();
    let file = sheet.change(
        "numbers.xlsx",
        &json!([
            { "do": "set", "row": minutes[TOKEN], "column": "studyMinutes", "value": number },
        ]),
    );
    assert_eq!(import(&house, SOURCE, &file)["outcomes"], json!({ "unchanged": before.len() - 1 }));
    // The record came again with another content.
    house.run_sql(&format!("UPDATE dead_letter SET raw_digest = substr(raw_digest, 1, 8) WHERE id = {other}"));
    let taken = import(&house, SOURCE, sheet.file.to_str().unwrap());
    assert_eq!(taken["outcomes"]["outdated"], 1);
    // Another source, no sheet at all, a sheet without its hidden column, no letters, several streams, a file that is there.
    let taken = house.run_json(&["corrections", "import", "demo-cmcc", sheet.file.to_str().unwrap(), "--json"]);
    assert_eq!(taken["outcomes"], json!({ "other_source": before.len() - 1 }));
    let bare = sheet.change("bare.xlsx", &json!([{ "do": "drop", "column": TOKEN }]));
    refused(&house, &["corrections", "import", SOURCE, &bare], &["bare.xlsx", "huiliu:row"]);
    let text = house.dir.0.join("text.xlsx").to_str().unwrap().to_owned();
    std::fs::write(&text, "no workbook").unwrap();
    refused(&house, &["corrections", "import", SOURCE, &text], &["text.xlsx"]);
    refused(&house, &["corrections", "import", SOURCE, "/nowhere.xlsx"], &["/nowhere.xlsx"]);
    refused(&house, &["corrections", "import", "nosuch", &bare], &["nosuch"]);
    let new = house.dir.0.join("new.xlsx").to_str().unwrap().to_owned();
    let export = |more: &[&'static str]| {
        [&["corrections", "export", SOURCE, "--to", &new], more]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let check = |args: Vec<String>, words: &[&str]| {
        refused(&house, &args.iter().map(String::as_str).collect::<Vec<_>>(), words)
    };
    check(export(&[]), &["completions", "progress"]);
    check(export(&["--stream", "nosuch"]), &["nosuch"]);
    refused(&house, &["corrections", "export", SOURCE, "--stream", "completions", "--to", &bare], &["bare.xlsx"]);
    assert!(!Path::new(&new).exists());
    assert!(house.run(&["balance"]).status.success());
}
