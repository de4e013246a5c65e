//! Values that people put in the place of those received.

#[path = "corrections/as_sent.rs"]
mod as_sent;
#[path = "corrections/office.rs"]
mod office;
#[path = "corrections/sheets.rs"]
mod sheets;

use serde_json::Value;

use crate::test_env::{Services, TestEnv};

const BOTH: [Services; 2] = [Services::Sqlite, Services::Postgres];

fn new_demo(on: Services) -> TestEnv {
    let house = TestEnv::new(on);
    assert!(house.run(&["migrate"]).status.success());
    house.run_json(&["demo", "--records", "3000", "--json"]);
    house
}

/// The cause with a reason code, of the stream with the most letters.
fn find_cause(house: &TestEnv, code: &str) -> Value {
    house.list_items(&["dead-letters", "groups", "--code", code, "--json"])[0].clone()
}

fn correct(house: &TestEnv, which: &[&str], value: &str) -> Value {
    house.run_json(
        &[&["corrections", "add"], which, &["--set", value, "--because", "letter of 2014-11-03", "--json"]].concat(),
    )
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
fn a_corrected_letter_becomes_a_record_and_stays_one_when_its_bytes_come_again() {
    for on in BOTH {
        let house = new_demo(on);
        let cause = find_cause(&house, "score.learning.precision");
        let (letter, field) = (cause["example"].to_string(), cause["field"].as_str().unwrap());
        assert_eq!(correct(&house, &[&letter], &format!("{field}=71.5"))["dead_letters"], 1);
        let plan = house.run_json(&["replay", "plan", "--letter", &letter, "--json"]);
        assert_eq!((&plan["letters"], &plan["outcomes"]["inserted"]), (&1.into(), &1.into()), "{plan}");
        assert_eq!(state_of(&house, &letter), "open");
        house.run_json(&["replay", "apply", &plan["replay"].to_string(), "--json"]);
        assert_eq!(state_of(&house, &letter), "closed");
        let scored = format!(
            "SELECT r.score_learning FROM training_record r JOIN dead_letter d ON d.record_id = r.id WHERE d.id = {letter}"
        );
        assert_eq!(house.run_sql(&scored), 7150);
        // What was received stays as it was, and the log names the field, not the value.
        let shown = house.run_json(&["dead-letters", "show", &letter, "--json"]);
        let received = cause["example_value"].as_str().unwrap();
        assert!(shown["raw"].as_str().unwrap().contains(received), "{shown}");
        let act = shown["history"].as_array().unwrap().iter().find(|entry| entry["action"] == "dead_letter.correct");
        let act = act.unwrap().to_string();
        assert!(act.contains(field) && act.contains("letter of 2014-11-03") && !act.contains("71.5"), "{act}");
        // The same pages, and then pages that have changed: it stays a record.
        for again in
            [&["demo", "--records", "3000", "--full"][..], &["demo", "--records", "3000", "--full", "--changed", "10"]]
        {
            house.run_json(&[again, &["--json"]].concat());
            assert_eq!(state_of(&house, &letter), "closed", "{again:?}");
            assert_eq!(house.run_sql(&scored), 7150);
            assert!(house.run(&["balance"]).status.success());
        }
        let listed = house.list_items(&["corrections", "list", "--letter", &letter, "--json"]);
        assert_eq!((&listed[0]["field"], &listed[0]["value"]), (&field.into(), &"71.5".into()));
        let number = listed[0]["correction"].to_string();
        let withdraw = ["corrections", "withdraw", &number, "--because", "a mistake"];
        assert!(house.run(&withdraw).status.success());
        refused(&house, &withdraw, &[&number]);
        assert!(!house.list_items(&["corrections", "list", "--json"])[0]["withdrawn_at"].is_null());
        refused(&house, &["corrections", "add", &letter, "--set", &format!("{field}=1"), "--because", "x"], &[&letter]);
    }
}

#[test]
fn a_plan_is_refused_once_what_it_reads_was_corrected_again() {
    for on in BOTH {
        let house = new_demo(on);
        let cause = find_cause(&house, "score.learning.precision");
        let letter = cause["example"].to_string();
        let value = |number: &str| format!("{}={number}", cause["field"].as_str().unwrap());
        correct(&house, &[&letter], &value("71.5"));
        let plan = house.run_json(&["replay", "plan", "--letter", &letter, "--json"]);
        correct(&house, &[&letter], &value("72.5"));
        let out = house.run(&["replay", "apply", &plan["replay"].to_string(), "--json"]);
        assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stdout));
        assert_eq!(state_of(&house, &letter), "open");
        let plan = house.run_json(&["replay", "plan", "--letter", &letter, "--json"]);
        house.run_json(&["replay", "apply", &plan["replay"].to_string(), "--json"]);
        assert_eq!(house.run_sql("SELECT count(*) FROM training_record WHERE score_learning = 7250"), 1);
    }
}

#[test]
fn one_value_corrects_all_letters_of_a_cause_and_only_those() {
    for on in BOTH {
        let house = new_demo(on);
        let before = house.open_dead_letters().len();
        let cause = find_cause(&house, "version.form");
        let (number, letters) = (cause["cause"].to_string(), cause["dead_letters"].as_i64().unwrap());
        let field = cause["field"].as_str().unwrap();
        // A value that is no better: the letters stay, with what is wrong now.
        assert_eq!(correct(&house, &["--cause", &number], &format!("{field}=明天"))["dead_letters"], letters);
        let plan = house.run_json(&["replay", "plan", "--cause", &number, "--json"]);
        assert_eq!(plan["outcomes"]["parked"], letters);
        assert_eq!(plan["changes"], false);
        assert_eq!(correct(&house, &["--cause", &number], &format!("{field}=9"))["dead_letters"], letters);
        let plan = house.run_json(&["replay", "plan", "--cause", &number, "--json"]);
        assert_eq!(plan["letters"], letters);
        house.run_json(&["replay", "apply", &plan["replay"].to_string(), "--json"]);
        let after = house.open_dead_letters().len();
        let closed = plan["closing"].as_i64().unwrap();
        assert!(closed > 0);
        assert_eq!(i64::try_from(before - after).unwrap(), closed);
        assert!(house.run(&["balance"]).status.success());
        // A later value replaces an earlier one of the same field.
        assert_eq!(
            house.list_items(&["corrections", "list", "--json"]).as_array().unwrap().len(),
            usize::try_from(letters).unwrap()
        );
    }
}

#[test]
fn a_correction_that_nobody_replayed_holds_when_the_page_comes_again_with_changes() {
    for on in BOTH {
        let house = new_demo(on);
        let cause = find_cause(&house, "score.learning.precision");
        let letter = cause["example"].to_string();
        correct(&house, &[&letter], &format!("{}=71.5", cause["field"].as_str().unwrap()));
        house.run_json(&["demo", "--records", "3000", "--full", "--changed", "10", "--json"]);
        assert_eq!(state_of(&house, &letter), "closed");
        assert_eq!(house.run_sql("SELECT count(*) FROM training_record WHERE score_learning = 7150"), 1);
        assert!(house.run(&["balance"]).status.success());
    }
}

#[test]
fn a_correction_that_cannot_be_made_is_refused_and_its_values_are_sealed() {
    let house = new_demo(Services::Sqlite);
    let cause = find_cause(&house, "id_number.check_digit");
    let letter = cause["example"].to_string();
    let add = |which: &[&'static str], value: &'static str| {
        [&["corrections", "add"], which, &["--set", value, "--because", "x"]].concat()
    };
    refused(&house, &add(&["999999"], "hours=1"), &["999999"]);
    refused(&house, &add(&["--cause", "999999"], "hours=1"), &["999999"]);
    refused(&house, &add(&["1"], "nosuch=1"), &["nosuch", "completions"]);
    refused(&house, &add(&["1"], "nosuch"), &["hours=45"]);
    refused(&house, &["corrections", "add", "1", "--set", "a=1", "--set", "a=2", "--because", "x"], &["a"]);
    refused(&house, &["corrections", "withdraw", "1", "--because", "x"], &["1"]);
    refused(&house, &["corrections", "list", "--source", "nosuch"], &["nosuch"]);
    assert_eq!(house.run_sql("SELECT count(*) FROM correction"), 0);
    let number = "220102196507160017";
    correct(&house, &[&letter], &format!("{}={number}", cause["field"].as_str().unwrap()));
    let shown = house.list_items(&["corrections", "list", "--json"])[0]["value"].to_string();
    assert!(shown.contains("****") && !shown.contains(number), "{shown}");
    let file = std::fs::read(house.dir.0.join("data/huiliu.db")).unwrap();
    assert!(!file.windows(number.len()).any(|part| part == number.as_bytes()));
    assert!(house.run(&["keys", "rotate"]).status.success());
    assert_eq!(house.list_items(&["corrections", "list", "--json"])[0]["value"].to_string(), shown);
}
