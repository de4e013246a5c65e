//! From nothing to a registered connector, in an institution's steps: new, preview, test, register.

use std::path::Path;

use huiliu_authoring::gate::variants::{RequiredOutcome, find_violation};
use serde_json::{Value, json};

use crate::test_env::{Services, TestEnv};

fn run_with_output(house: &TestEnv, args: &[&str]) -> (Option<i32>, String, String) {
    let out = house.run(args);
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

fn new_connector(house: &TestEnv, kind: &str) -> String {
    let folder = house.dir.0.join(format!("own-{kind}")).display().to_string();
    let (code, _, told) =
        run_with_output(house, &["connectors", "new", &format!("own-{kind}"), "--from", kind, "--out", &folder]);
    assert_eq!(code, Some(0), "{told}");
    folder
}

fn change_file(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

#[test]
fn a_new_connector_of_every_kind_passes_its_test_and_is_registered() {
    let house = TestEnv::new(Services::Sqlite);
    for kind in ["http-json", "http-xml", "csv", "xlsx", "push"] {
        let folder = new_connector(&house, kind);
        let tested = house.run_json(&["connectors", "test", &folder, "--json"]);
        let rows = tested["samples"].as_array().unwrap();
        assert!(rows.len() >= 6 && rows.iter().all(|row| row["ok"] == true), "{kind}: {tested}");
        assert!(rows[0]["records"].as_i64().unwrap() >= 2, "{kind}: {tested}");
        let (code, text, _) = run_with_output(&house, &["connectors", "register", &folder]);
        assert!(code == Some(0) && text.contains("registered"), "{kind}: {text}");
    }
    let listed = house.list_items(&["connectors", "list", "--json"]).to_string();
    assert!(listed.contains("own-xlsx") && listed.contains("own-push"), "{listed}");
    let (code, _, told) =
        run_with_output(&house, &["connectors", "new", "again", "--out", house.dir.0.to_str().unwrap()]);
    assert!(code == Some(2) && told.contains("already exists"), "{told}");
}

#[test]
fn a_preview_shows_what_came_and_what_becomes_of_it_and_no_id_number() {
    let house = TestEnv::new(Services::Sqlite);
    for kind in ["http-json", "http-xml", "csv", "xlsx", "push"] {
        let folder = new_connector(&house, kind);
        let shown = house.run_json(&["connectors", "preview", &folder, "--json"]);
        let records = shown["records"].as_array().unwrap();
        assert_eq!(records[0]["outcome"], "clean", "{kind}: {shown}");
        let hours = records[0]["fields"].as_array().unwrap().iter().find(|f| f["field"] == "hours").unwrap();
        assert!(hours["path"] != "" && hours["text"] != Value::Null, "{kind}: {hours}");
        let parked = records.iter().find(|r| r["outcome"] == "parked").expect("a bad record in each sample");
        assert!(parked["problems"].to_string().contains("id_number."), "{kind}: {parked}");
        let (_, text, _) = run_with_output(&house, &["connectors", "preview", &folder]);
        for secret in ["22010219590911001X", "220381197001011228", "22038119700101122"] {
            assert!(!shown.to_string().contains(secret) && !text.contains(secret), "{kind}: {secret} is shown");
        }
    }
}

#[test]
fn a_mapping_that_misses_is_told_before_it_is_registered() {
    let house = TestEnv::new(Services::Sqlite);
    let folder = new_connector(&house, "csv");
    let manifest = Path::new(&folder).join("manifest.toml");
    change_file(&manifest, "\"填表人\", ", "");
    let (code, text, told) = run_with_output(&house, &["connectors", "test", &folder]);
    assert!(code == Some(1) && text.contains("4 records, expected 3") && told.contains("--accept"), "{text}{told}");
    let (code, ..) = run_with_output(&house, &["connectors", "register", &folder]);
    assert_eq!(code, Some(1));
    // `--accept` writes the results that a person has read and found right.
    let (code, ..) = run_with_output(&house, &["connectors", "test", &folder, "--accept"]);
    assert_eq!(code, Some(0));
    change_file(&manifest, "学时\", unit", "学識\", unit");
    let (code, text, _) = run_with_output(&house, &["connectors", "test", &folder]);
    assert!(code == Some(1) && text.contains("hours.missing"), "{text}");
    change_file(&manifest, "unit = \"class_hour\"", "unit = \"credit\"");
    let (code, _, told) = run_with_output(&house, &["connectors", "check", &folder]);
    assert!(code == Some(2) && told.contains("no [[conversion]] for the unit \"credit\""), "{told}");
}

/// A header without rows is no evidence that the manifest works.
#[test]
fn samples_without_a_record_are_not_enough() {
    let house = TestEnv::new(Services::Sqlite);
    let folder = new_connector(&house, "csv");
    let sample = Path::new(&folder).join("samples/completions.csv");
    let text = std::fs::read_to_string(&sample).unwrap();
    let header = text.lines().position(|line| line.contains("身份证号")).unwrap();
    std::fs::write(&sample, text.lines().take(header + 1).collect::<Vec<_>>().join("\n") + "\n").unwrap();
    std::fs::write(Path::new(&folder).join("expected/completions.json"), "[]\n").unwrap();
    for args in [&["connectors", "register", &folder][..], &["connectors", "test", &folder, "--accept"]] {
        let (code, text, told) = run_with_output(&house, args);
        assert!(code == Some(2) && told.contains("has a record, so nothing was tested"), "{text}{told}");
    }
}

#[test]
fn a_folder_that_is_no_plain_one_is_refused() {
    let house = TestEnv::new(Services::Sqlite);
    for name in ["", "A B", "../up"] {
        let out = house.dir.0.join("bad").display().to_string();
        let (code, _, told) = run_with_output(&house, &["connectors", "new", name, "--out", &out]);
        assert!(code == Some(2) && told.contains("1 to 60 characters") && !Path::new(&out).exists(), "{name}: {told}");
    }
    let folder = new_connector(&house, "csv");
    let at = |place: &str| Path::new(&folder).join(place);
    // Reading from a pipe would never end.
    for place in ["samples/zz.csv", "manifest.toml"] {
        let _ = std::fs::remove_file(at(place));
        assert!(std::process::Command::new("mkfifo").arg(at(place)).status().unwrap().success());
        let (code, _, told) = run_with_output(&house, &["connectors", "check", &folder]);
        assert!(code == Some(2) && told.contains("is not a regular file"), "{place}: {told}");
        std::fs::remove_file(at(place)).unwrap();
        if place == "samples/zz.csv" {
            let elsewhere = house.dir.0.join("elsewhere.json");
            std::fs::write(&elsewhere, "kept").unwrap();
            std::fs::remove_file(at("expected/completions.json")).unwrap();
            std::os::unix::fs::symlink(&elsewhere, at("expected/completions.json")).unwrap();
            let (code, _, told) = run_with_output(&house, &["connectors", "test", &folder, "--accept"]);
            assert!(code == Some(2) && told.contains("is a symbolic link"), "{told}");
            assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "kept");
        }
    }
}

/// A manifest with very many mistakes is answered soon, with the first mistakes.
#[test]
fn a_manifest_of_nothing_but_mistakes_is_answered_soon() {
    let house = TestEnv::new(Services::Sqlite);
    let file = house.dir.0.join("manifest.toml");
    std::fs::write(&file, (0..60_000).map(|n| format!("unknwn_{n} = 1\n")).collect::<String>()).unwrap();
    let began = std::time::Instant::now();
    let (code, _, told) = run_with_output(&house, &["connectors", "check", file.to_str().unwrap()]);
    assert!(code == Some(2) && told.contains("more errors; fix these first"), "{told}");
    assert!(told.lines().count() < 300 && began.elapsed().as_secs() < 15, "{:?}", began.elapsed());
}

/// The judge of variants reports each kind of wrong result.
#[test]
fn wrong_results_of_variants_are_told() {
    let clean = |n: u8| json!({ "clean": { "name": n } });
    let parked = |line: u8| json!({ "parked": { "address": format!("a line {line}"), "reasons": ["x.y"] } });
    let sample = vec![clean(1), parked(1)];
    let good = Ok(vec![clean(1), parked(7)]);
    assert_eq!(find_violation(RequiredOutcome::BeTheSame, &sample, &good), None);
    assert_eq!(find_violation(RequiredOutcome::AddNothing, &sample, &Ok(vec![clean(1)])), None);
    assert!(find_violation(RequiredOutcome::BeTheSame, &sample, &Ok(vec![clean(2), parked(1)])).is_some());
    assert!(find_violation(RequiredOutcome::BeTheSame, &sample, &Ok(vec![clean(1)])).is_some());
    assert!(find_violation(RequiredOutcome::BeRefused, &sample, &Ok(vec![])).is_some());
    assert!(find_violation(RequiredOutcome::AddNothing, &sample, &Ok(vec![clean(2)])).is_some());
}
