//! Mapped values: what is read in the place of one value wherever it is received.

use serde_json::Value;

use crate::test_env::{Services, TestEnv};

const BOTH: [Services; 2] = [Services::Sqlite, Services::Postgres];

fn new_demo(on: Services) -> TestEnv {
    let house = TestEnv::new(on);
    assert!(house.run(&["migrate"]).status.success());
    house.run_json(&["demo", "--records", "3000", "--json"]);
    house
}

fn find_cause(house: &TestEnv, code: &str) -> Value {
    house.list_items(&["dead-letters", "groups", "--code", code, "--json"])[0].clone()
}

/// The open letters of a cause, and the value that each has in the cause's field.
fn letters_of(house: &TestEnv, cause: &Value) -> Vec<(String, String)> {
    let number = cause["cause"].to_string();
    let letters = house.list_items(&["dead-letters", "list", "--cause", &number, "--limit", "5000", "--json"]);
    let value = |letter: &Value| {
        let reasons = letter["reasons"].as_array().unwrap();
        let why = reasons.iter().find(|why| why["source_field"] == cause["field"] && why["code"] == cause["code"]);
        why.unwrap()["seen"].as_str().unwrap().to_owned()
    };
    letters.as_array().unwrap().iter().map(|letter| (letter["dead_letter"].to_string(), value(letter))).collect()
}

fn map(house: &TestEnv, letter: &str, value: &str) -> Value {
    house.run_json(&["corrections", "map", letter, "--set", value, "--because", "letter of 2014-11-03", "--json"])
}

fn state_of(house: &TestEnv, letter: &str) -> Value {
    house.run_json(&["dead-letters", "show", letter, "--json"])["state"].clone()
}

fn refused(house: &TestEnv, args: &[&str], words: &[&str]) {
    for language in ["en", "zh_CN.UTF-8"] {
        let out = house.command(args).env("HUILIU_LANG", language).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{args:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{args:?}: {word:?} is not in {said}");
        }
    }
}

#[test]
fn a_mapped_value_is_read_wherever_it_is_received_and_as_long_as_it_holds() {
    for on in BOTH {
        let house = new_demo(on);
        let cause = find_cause(&house, "score.learning.precision");
        let field = cause["field"].as_str().unwrap();
        let letters = letters_of(&house, &cause);
        let (letter, value) = letters.first().unwrap();
        let same: Vec<&String> = letters.iter().filter(|(_, of)| of == value).map(|(letter, _)| letter).collect();
        let other = letters.iter().find(|(_, of)| of != value).map(|(letter, _)| letter);
        let mapped = map(&house, letter, &format!("{field}=71.5"));
        assert_eq!(mapped["causes"][0], cause["cause"], "{mapped}");
        let number = mapped["mapped_value"].to_string();
        let cause = cause["cause"].to_string();
        // One that was planned before is refused.
        let before = house.run_json(&["replay", "plan", "--cause", &cause, "--json"]);
        map(&house, letter, &format!("{field}=72.5"));
        let out = house.run(&["replay", "apply", &before["replay"].to_string(), "--json"]);
        assert_eq!(out.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&out.stdout).contains("mapped_value"));
        let plan = house.run_json(&["replay", "plan", "--cause", &cause, "--json"]);
        house.run_json(&["replay", "apply", &plan["replay"].to_string(), "--json"]);
        for letter in &same {
            assert_eq!(state_of(&house, letter), "closed", "{on:?}");
        }
        if let Some(other) = other {
            assert_eq!(state_of(&house, other), "open", "{on:?}");
        }
        let scored = format!(
            "SELECT r.score_learning FROM training_record r JOIN dead_letter d ON d.record_id = r.id WHERE d.id = {letter}"
        );
        assert_eq!(house.run_sql(&scored), 7250);
        assert!(house.run(&["balance"]).status.success());
        // Read again, the records stay as long as it holds.
        house.run_json(&["demo", "--records", "3000", "--full", "--changed", "10", "--json"]);
        assert_eq!(state_of(&house, letter), "closed");
        assert!(house.run(&["balance"]).status.success());
        let source = house.list_items(&["corrections", "mapped", "--json"])[0]["source"].clone();
        let source = source.as_str().unwrap();
        let unmap = ["corrections", "unmap", &number, "--because", "a mistake"];
        let left = house.list_items(&[
            "dead-letters",
            "list",
            "--source",
            source,
            "--stream",
            mapped["stream"].as_str().unwrap(),
            "--json",
        ])[0]["dead_letter"]
            .to_string();
        let before = house.run_json(&["replay", "plan", "--letter", &left, "--json"]);
        assert!(house.run(&unmap).status.success());
        let out = house.run(&["replay", "apply", &before["replay"].to_string(), "--json"]);
        assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stdout));
        refused(&house, &unmap, &[&number]);
        let plan = house.run_json(&["replay", "plan", "--stored", "--source", source, "--json"]);
        assert_eq!(plan["outcomes"]["parked"], same.len(), "{on:?}: {plan}");
        house.run_json(&["replay", "apply", &plan["replay"].to_string(), "--json"]);
        assert_eq!(state_of(&house, letter), "open", "{on:?}");
        assert!(house.run(&["balance"]).status.success());
    }
}

#[test]
fn a_value_that_was_mapped_loads_what_comes_later() {
    for on in BOTH {
        let house = new_demo(on);
        let cause = find_cause(&house, "score.learning.precision");
        let (letter, _) = letters_of(&house, &cause).swap_remove(0);
        map(&house, &letter, &format!("{}=71.5", cause["field"].as_str().unwrap()));
        // Nobody replays: the page comes again, with changes.
        house.run_json(&["demo", "--records", "3000", "--full", "--changed", "10", "--json"]);
        assert_eq!(state_of(&house, &letter), "closed", "{on:?}");
        assert!(house.run_sql("SELECT count(*) FROM training_record WHERE score_learning = 7150") > 0);
        assert!(house.run(&["balance"]).status.success());
    }
}

#[test]
fn what_cannot_be_mapped_is_refused_and_values_are_sealed() {
    let house = new_demo(Services::Sqlite);
    let cause = find_cause(&house, "id_number.check_digit");
    let (letter, field) = (cause["example"].to_string(), cause["field"].as_str().unwrap());
    let map_args =
        |letter: &'static str, value: &'static str| ["corrections", "map", letter, "--set", value, "--because", "x"];
    refused(&house, &map_args("999999", "hours=1"), &["999999"]);
    refused(&house, &map_args("1", "nosuch=1"), &["nosuch"]);
    refused(&house, &["corrections", "unmap", "1", "--because", "x"], &["1"]);
    refused(&house, &["corrections", "mapped", "--source", "nosuch"], &["nosuch"]);
    // The value that was received, a field that nothing is wrong with, and one without a value.
    let precise = find_cause(&house, "score.learning.precision");
    let (scored, value) = letters_of(&house, &precise).swap_remove(0);
    let map_one = |letter: &str, field: &str, value: &str, words: &[&str]| {
        let value = format!("{field}={value}");
        refused(&house, &["corrections", "map", letter, "--set", &value, "--because", "x"], words);
    };
    let blamed = precise["field"].as_str().unwrap();
    map_one(&scored, blamed, &format!(" {value} "), &[blamed]);
    let shown = house.run_json(&["dead-letters", "show", &scored, "--json"]);
    let hours = shown["mapped"].as_array().unwrap().iter().find(|of| of["field"] == "hours").unwrap();
    map_one(&scored, hours["path"].as_str().unwrap(), "99", &[hours["path"].as_str().unwrap(), &scored]);
    let missing = find_cause(&house, "period_end.missing");
    let absent = missing["field"].as_str().unwrap();
    map_one(&missing["example"].to_string(), absent, "2014-11-03", &[absent]);
    assert_eq!(house.run_sql("SELECT count(*) FROM mapped_value"), 0);
    let number = "220102196507160017";
    map(&house, &letter, &format!("{field}={number}"));
    let shown = house.list_items(&["corrections", "mapped", "--json"])[0].clone();
    assert!(shown["value"].to_string().contains("****") && !shown.to_string().contains(number), "{shown}");
    let history = house.run_json(&["dead-letters", "show", &letter, "--json"])["history"].to_string();
    assert!(history.contains("dead_letter.map") && !history.contains(number), "{history}");
    let file = std::fs::read(house.dir.0.join("data/huiliu.db")).unwrap();
    assert!(!file.windows(number.len()).any(|part| part == number.as_bytes()));
    assert!(house.run(&["keys", "rotate"]).status.success());
    assert_eq!(house.list_items(&["corrections", "mapped", "--json"])[0], shown);
}
