//! Twenty sheets as offices make them: with merged cells, headers of two rows, in .xls and in GB18030. Each goes back to its sender
//! and comes corrected, saved by openpyxl or LibreOffice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::BOTH;
use super::sheets::import;
use crate::test_env::TestEnv;

const COUNTY: &str = r#"
manifest = 1
id = "county"
version = 1
title_zh = "某县汇总表"
title_en = "List of a county"
profile = "Made for a test."

[transport]
kind = "files"
names = ["汇总_*.xlsx", "汇总_*.xls"]

[[stream]]
name = "records"
kind = "certificate"
format = { kind = "workbook", sheets = "汇总*", layout = { header = ["身份证号", "学时", "证书编号"] } }
record_key = ["证书编号"]
version = { from = "file_date" }
pass = "not_assessed"

[stream.map]
record_name = "证书编号"
name = "姓名"
id_number = "身份证号"
school_code = "学校标识码"
course_code = "课程编号"
hours = { path = "学时", unit = "class_hour" }
period_end = "结束日期"
certificate_number = "证书编号"
project_code = { constant = "COUNTY" }
delivery_code = { constant = "9" }
category_code = { constant = "10" }
"#;

fn run_script(args: &[&str]) -> Vec<u8> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corrections/office.py");
    let out = Command::new("/usr/bin/python3").arg(script).args(args).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

/// Opens files in LibreOffice and saves them as another kind. Returns the folder.
fn save_by_libreoffice(house: &TestEnv, kind: &str, files: &[String]) -> PathBuf {
    let (profile, out) = (house.dir.0.join("libreoffice"), house.dir.0.join(format!("saved-{kind}")));
    let said = Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", profile.display()))
        // Texts are opened as a person in a Chinese office opens them: separated by commas, in GB18030.
        .args(["--headless", "--infilter=CSV:44,34,85", "--convert-to", kind, "--outdir"])
        .arg(&out)
        .args(files)
        .output()
        .expect("soffice; run `bash tests/run`");
    for file in files {
        let is_saved = Path::new(&with_extension(file, &out, kind)).exists();
        assert!(is_saved, "{file}: {}", String::from_utf8_lossy(&said.stderr));
    }
    out
}

/// An office's sheet.
struct Office {
    source: &'static str,
    file: String,
    /// The value that a faulty row should have, by raw field.
    right: BTreeMap<String, String>,
}

fn with_extension(file: &str, folder: &Path, extension: &str) -> String {
    let name = Path::new(file).file_stem().unwrap().to_str().unwrap();
    folder.join(format!("{name}.{extension}")).to_str().unwrap().to_owned()
}

fn make_sheets(house: &TestEnv) -> Vec<Office> {
    let folder = house.dir.0.join("offices");
    std::fs::create_dir_all(&folder).unwrap();
    let made: Value = serde_json::from_slice(&run_script(&["make", folder.to_str().unwrap()])).unwrap();
    let mut offices: Vec<Office> = made
        .as_array()
        .unwrap()
        .iter()
        .map(|of| Office {
            source: ["lego", "county", "cmcc"].into_iter().find(|source| of["source"] == *source).unwrap(),
            file: of["file"].as_str().unwrap().to_owned(),
            right: serde_json::from_value(of["right"].clone()).unwrap(),
        })
        .collect();
    assert_eq!(offices.len(), 20);
    // Some offices still use .xls.
    let old = |office: &&mut Office, nth: usize| office.source != "cmcc" && nth % 3 == 2;
    let files: Vec<String> =
        offices.iter_mut().enumerate().filter(|(nth, of)| old(of, *nth)).map(|(_, of)| of.file.clone()).collect();
    let saved = save_by_libreoffice(house, "xls", &files);
    for (_, office) in offices.iter_mut().enumerate().filter(|(nth, of)| old(of, *nth)) {
        office.file = with_extension(&office.file, &saved, "xls");
    }
    offices
}

/// The open letters of a file: raw field → letter.
fn letters_of(house: &TestEnv, file: &str) -> BTreeMap<String, i64> {
    let name = Path::new(file).file_name().unwrap().to_str().unwrap();
    let letters = house.list_items(&["dead-letters", "list", "--file", name, "--json"]);
    let letter = |of: &Value| {
        let reasons = of["reasons"].as_array().unwrap();
        assert_eq!(reasons.len(), 1, "{of}");
        (reasons[0]["source_field"].as_str().unwrap().to_owned(), of["dead_letter"].as_i64().unwrap())
    };
    letters.as_array().unwrap().iter().map(letter).collect()
}

#[test]
fn twenty_sheets_of_offices_go_out_and_come_back_and_exactly_the_corrected_letters_close() {
    for on in BOTH {
        let mut house = TestEnv::new(on);
        let manifest = house.dir.0.join("manifests/county");
        std::fs::create_dir_all(&manifest).unwrap();
        std::fs::write(manifest.join("manifest.toml"), COUNTY).unwrap();
        let drop = house.dir.0.join("drop");
        std::fs::create_dir_all(&drop).unwrap();
        let source = |name: &str| {
            format!(
                "[[source]]\nname = \"{name}\"\nconnector = \"{name}\"\ninstitution_code = \"{name}\"\nfolder = \"{}\"\n",
                drop.display()
            )
        };
        let settings = house.dir.0.join("huiliu.toml");
        let manifests = format!("manifests_dir = \"{}\"\n", house.dir.0.join("manifests").display());
        std::fs::write(&settings, manifests + &["lego", "county", "cmcc"].map(source).concat()).unwrap();
        house.env.push(("HUILIU_CONFIG".into(), settings.to_str().unwrap().to_owned()));
        house.run(&["migrate"]);
        let offices = make_sheets(&house);
        let mut changes = vec![];
        let mut expected = vec![];
        for (nth, office) in offices.iter().enumerate() {
            let taken = house.run_json(&["upload", office.source, &office.file, "--json"]);
            let letters = letters_of(&house, &office.file);
            assert_eq!(letters.keys().collect::<Vec<_>>(), office.right.keys().collect::<Vec<_>>(), "{taken}");
            // Each second one is asked for with all rows.
            let kind = if office.source == "cmcc" { "csv" } else { "xlsx" };
            let sheet = with_extension(&office.file, &house.dir.0, kind);
            let name = Path::new(&office.file).file_name().unwrap().to_str().unwrap();
            let all = if nth % 2 == 0 { &["--all-rows"][..] } else { &[] };
            let made = house.run_json(
                &[&["corrections", "export", office.source, "--file", name, "--to", &sheet, "--json"], all].concat(),
            );
            assert_eq!((&made["faulty_rows"], &made["tables"], &made["left_out"]), (&3.into(), &1.into(), &json!([])));
            let sound = made["rows"].as_i64().unwrap() - 3;
            assert_eq!(sound > 0, nth % 2 == 0);
            // Two of the three faulty rows are corrected.
            let kept = office.right.keys().nth(nth % 3).unwrap();
            let corrected: Vec<(&String, &String)> = office.right.iter().filter(|(field, _)| *field != kept).collect();
            let cells: Vec<Value> =
                corrected.iter().map(|(field, value)| json!([format!("{}-", letters[*field]), field, value])).collect();
            let out = with_extension(&format!("改好{nth}"), &house.dir.0, kind);
            changes.push(json!({ "sheet": sheet, "out": out, "cells": cells }));
            expected.push((out, letters[kept], sound));
        }
        run_script(&["correct", &Value::from(changes).to_string()]);
        for (nth, kind) in [(1, "xlsx"), (2, "ods"), (3, "xls")] {
            let of_kind = || (0..20).filter(|office| office % 4 == nth);
            let files: Vec<String> = of_kind().map(|office| expected[office].0.clone()).collect();
            let saved = save_by_libreoffice(&house, kind, &files);
            for office in of_kind() {
                expected[office].0 = with_extension(&expected[office].0, &saved, kind);
            }
        }
        for (office, (sheet, kept, sound)) in offices.iter().zip(&expected) {
            let taken = import(&house, office.source, sheet);
            let mut outcomes = json!({ "closed": 2, "unchanged": 1 });
            if *sound > 0 {
                outcomes["not_faulty"] = (*sound).into();
            }
            assert_eq!(taken["outcomes"], outcomes, "{sheet}: {taken}");
            assert_eq!(letters_of(&house, &office.file).into_values().collect::<Vec<_>>(), [*kept]);
        }
        assert!(house.run(&["balance"]).status.success());
    }
}
