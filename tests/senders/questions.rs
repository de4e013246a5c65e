//! What `connectors infer` asks: each question says how it is answered, and one key answers it on a terminal.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use huiliu_manifest::Manifest;
use serde_json::Value;

use crate::terminal::open_terminal;
use crate::test_env::{Services, TestEnv};

fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/senders/files").join(name).display().to_string()
}

fn question<'g>(guess: &'g Value, kind: &str) -> &'g Value {
    let found = guess["questions"].as_array().unwrap().iter().find(|question| question["kind"] == kind);
    found.unwrap_or_else(|| panic!("no question {kind}: {guess}"))
}

#[test]
fn a_question_names_what_does_not_fit_and_the_line_that_helps() {
    let house = TestEnv::new(Services::Sqlite);
    let infer = |name: &str| house.run_json(&["connectors", "infer", &sample(name), "--id", "x", "--json"]);
    // Three rows of header: which of the two columns below 学时 is meant cannot be known.
    let guess = infer("c4-three-row-header.xlsx");
    assert!(question(&guess, "layers")["path"].as_str().unwrap().ends_with("学时"), "{guess}");
    assert_eq!(guess["records"], 12);
    assert!(!guess["manifest"].as_str().unwrap().contains("\nhours = "), "{guess}");
    // A sheet per school, one of them with another name: those that are not read are named. A cover needs no question.
    let guess = infer("../../extraction/layouts/faults/c28b-sheets-words.xlsx");
    assert_eq!(question(&guess, "sheets")["names"], serde_json::json!(["一小", "三小"]), "{guess}");
    let guess = infer("c28d-cover.xlsx");
    assert_eq!((&guess["records"], &guess["questions"]), (&12.into(), &serde_json::json!([])), "{guess}");
    // Thousands in minutes; the texts and the step are named.
    let guess = infer("b21-thousand.csv");
    let asked = question(&guess, "odd");
    assert!(asked["odd"].to_string().contains("1,800") && asked["field"] == "hours", "{asked}");
    assert!(asked["answers"][0]["lines"][0]["line"].as_str().unwrap().contains("replace = { from = \",\""), "{asked}");
    // Words of a result that are no words of a scale.
    let guess = infer("c25e-score.xlsx");
    let asked = question(&guess, "pass");
    assert!(asked["maybe"].to_string().contains("成绩") && !asked["answers"].as_array().unwrap().is_empty(), "{asked}");
    // No ID numbers: teachers can be known by what else there is.
    let guess = infer("t2-a.xlsx");
    let asked = question(&guess, "missing");
    assert_eq!(asked["answers"][0]["value"], "known_by = \"any\"", "{asked}");
    assert!(guess["manifest"].as_str().unwrap().contains("known_by = \"any\""), "the comment says what to write");
    assert!(guess["others"].to_string().contains("teacher_number"), "{guess}");
}

/// What `infer` writes for a text with a workbook's name is what is then read.
#[test]
fn a_text_named_as_a_workbook_is_read_as_it_was_inferred() {
    let house = TestEnv::new(Services::Sqlite);
    let out = house.dir.0.join("k3d");
    let (file, place) = (sample("k3d.xls"), out.to_str().unwrap());
    let guess = house.run_json(&["connectors", "infer", &file, "--out", place, "--json"]);
    let preview = house.run_json(&["connectors", "preview", place, "--sample", &file, "--json"]);
    assert_eq!(preview["summary"]["clean"], guess["records"], "{preview}");
}

#[test]
fn one_key_on_a_terminal_answers_a_question() {
    let house = TestEnv::new(Services::Sqlite);
    let out = house.dir.0.join("asked");
    let (file, place) = (sample("t2-a.xlsx"), out.to_str().unwrap());
    let (mut master, slave) = open_terminal();
    let mut command = house.command(&["connectors", "infer", &file, "--out", place, "--id", "x"]);
    command.stdin(slave.try_clone().unwrap()).stdout(slave);
    let mut child = command.spawn().unwrap();
    drop(command);
    let (began, mut seen, mut part, mut answered) = (Instant::now(), String::new(), [0; 4096], 0);
    // A key without Enter, once for each question.
    while let Ok(read @ 1..) = master.read(&mut part) {
        seen += &String::from_utf8_lossy(&part[..read]);
        let asked = seen.matches("press the number").count();
        while answered < asked {
            master.write_all(b"1").unwrap();
            answered += 1;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{seen}");
    }
    assert!(child.wait().unwrap().success(), "{seen}");
    assert!(answered > 0, "{seen}");
    let text = std::fs::read_to_string(out.join("manifest.toml")).unwrap();
    let manifest = Manifest::parse("manifest.toml", &text).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
    let stream = &manifest.stream[0];
    assert!(text.contains("known_by = \"any\"") && text.contains("teacher_number = \"工号\""), "{text}");
    assert!(stream.record_key.contains(&"工号".to_owned()), "the key has the person: {text}");
    // In a pipe nothing is asked.
    let quiet = house.dir.0.join("quiet");
    let out = house.run(&["connectors", "infer", &file, "--out", quiet.to_str().unwrap(), "--id", "x"]);
    assert!(out.status.success() && !String::from_utf8_lossy(&out.stdout).contains("press the number"));
}
