//! Open dead letters grouped by cause, selected by it and by everything else that a listing can be asked for, and shown with their
//! raw record.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::test_env::{Services, TestEnv};

const BOTH: [Services; 2] = [Services::Sqlite, Services::Postgres];

fn new_demo(on: Services) -> TestEnv {
    let house = TestEnv::new(on);
    assert!(house.run(&["migrate"]).status.success());
    house.run_json(&["demo", "--records", "3000", "--json"]);
    house
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn groups(house: &TestEnv, filter: &[&str]) -> (Vec<Value>, i64) {
    let found = house.run_json(&[&["dead-letters", "groups", "--limit", "100000", "--json"], filter].concat());
    (found["items"].as_array().unwrap().clone(), found["dead_letters"].as_i64().unwrap())
}

fn letters(house: &TestEnv, filter: &[&str]) -> Vec<Value> {
    let args = [&["dead-letters", "list", "--limit", "100000", "--json"], filter].concat();
    house.list_items(&args).as_array().unwrap().clone()
}

fn numbers(letters: &[Value]) -> BTreeSet<i64> {
    letters.iter().map(|letter| letter["dead_letter"].as_i64().unwrap()).collect()
}

/// Source, stream, reason code and raw field of each reason of a letter.
fn reasons_of(letter: &Value) -> BTreeSet<[String; 4]> {
    let reasons = letter["reasons"].as_array().unwrap().iter();
    let reason = |of: &Value| {
        [&letter["source"], &letter["stream"], &of["code"], &of["source_field"]].map(|value| text(value).to_owned())
    };
    reasons.map(reason).collect()
}

fn all_letters_stand_under_their_causes(house: &TestEnv) {
    let all = letters(house, &[]);
    let (causes, selected) = groups(house, &[]);
    assert!(all.len() > 20 && causes.len() > 5, "{} letters, {} causes", all.len(), causes.len());
    assert_eq!(usize::try_from(selected).unwrap(), all.len());
    let counts: Vec<i64> = causes.iter().map(|cause| cause["dead_letters"].as_i64().unwrap()).collect();
    assert!(counts.is_sorted_by(|a, b| a >= b), "{counts:?}");
    // The letters of each cause, by the filter and by their own reasons.
    let mut expected: BTreeMap<[String; 4], BTreeSet<i64>> = BTreeMap::new();
    for letter in &all {
        for reason in reasons_of(letter) {
            expected.entry(reason).or_default().insert(letter["dead_letter"].as_i64().unwrap());
        }
    }
    let mut found: BTreeMap<[String; 4], BTreeSet<i64>> = BTreeMap::new();
    for cause in &causes {
        let number = cause["cause"].to_string();
        let of_cause = letters(house, &["--cause", &number]);
        assert_eq!(of_cause.len(), usize::try_from(cause["dead_letters"].as_i64().unwrap()).unwrap());
        let key = [&cause["source"], &cause["stream"], &cause["code"], &cause["field"]];
        let key = key.map(|value| text(value).to_owned());
        assert!(of_cause.iter().all(|letter| reasons_of(letter).contains(&key)), "{cause}");
        let example = of_cause.iter().find(|letter| letter["dead_letter"] == cause["example"]).unwrap();
        assert_eq!(example["address"], cause["example_address"]);
        assert!(example["reasons"].as_array().unwrap().iter().any(|of| of["seen"] == cause["example_value"]));
        let moments = |name: &str| of_cause.iter().map(|letter| text(&letter[name]).to_owned()).collect::<Vec<_>>();
        assert_eq!(moments("first_seen_at").iter().min().unwrap(), text(&cause["first_seen_at"]));
        assert_eq!(moments("last_seen_at").iter().max().unwrap(), text(&cause["last_seen_at"]));
        found.entry(key).or_default().extend(numbers(&of_cause));
    }
    assert_eq!(found, expected);
}

#[test]
fn every_letter_stands_under_each_of_its_causes() {
    for on in BOTH {
        let house = new_demo(on);
        all_letters_stand_under_their_causes(&house);
        let without_numbers = || {
            let strip = |mut cause: Value| {
                cause.as_object_mut().unwrap().remove("cause");
                cause.to_string()
            };
            groups(&house, &[]).0.into_iter().map(strip).collect::<BTreeSet<_>>()
        };
        let before = without_numbers();
        // Letters that a program without causes has written.
        house.run_sql("UPDATE dead_letter SET cause_set_id = NULL, blind_index = NULL");
        house.run_sql("DELETE FROM cause_set_member");
        house.run_sql("DELETE FROM cause_set");
        house.run_sql("DELETE FROM cause");
        assert_eq!(without_numbers(), before);
        // A part of the causes, and how to get the next one.
        let page =
            |after: &str| house.run_json(&["dead-letters", "groups", "--limit", "2", "--after", after, "--json"]);
        let (all, _) = groups(&house, &[]);
        let (first, second) = (page("0"), page("2"));
        assert_eq!((&first["next"], &second["next"]), (&"2".into(), &"4".into()));
        assert_eq!(first["total"], all.len());
        assert_eq!(
            &all[..4],
            [first["items"].as_array().unwrap().as_slice(), second["items"].as_array().unwrap()].concat()
        );
        // A discarded letter is counted no more.
        let example = all[0]["example"].to_string();
        assert!(house.run(&["dead-letters", "discard", &example, "--because", "a test"]).status.success());
        let (left, _) = groups(&house, &["--cause", &all[0]["cause"].to_string()]);
        let expected = all[0]["dead_letters"].as_i64().unwrap() - 1;
        assert_eq!(left.first().map_or(0, |cause| cause["dead_letters"].as_i64().unwrap()), expected);
        // So are all letters of a cause, and each counts with every raw record that it stands for.
        let cause = all[1]["cause"].to_string();
        let done = house.run_json(&["dead-letters", "discard", "--cause", &cause, "--because", "a test", "--json"]);
        assert_eq!(done["dead_letters"], all[1]["dead_letters"]);
        assert!(groups(&house, &["--cause", &cause]).0.is_empty());
        assert!(house.run(&["balance"]).status.success());
        let again = house.run(&["dead-letters", "discard", "--cause", &cause, "--because", "a test"]);
        assert_eq!(again.status.code(), Some(2));
        let numbers = [all[2]["example"].to_string(), all[3]["example"].to_string()];
        let some = [&["dead-letters", "discard"][..], &[&numbers[0], &numbers[1], &example], &["--because", "a test"]]
            .concat();
        // One of them is closed already, so none is discarded.
        let open = groups(&house, &[]).1;
        assert_eq!((house.run(&some).status.code(), groups(&house, &[]).1), (Some(2), open));
    }
}

#[test]
fn letters_are_selected_by_everything_that_is_known_of_them() {
    for on in BOTH {
        let house = new_demo(on);
        let all = letters(&house, &[]);
        let check = |filter: &[&str], is_meant: &dyn Fn(&Value) -> bool| {
            let expected = numbers(&all.iter().filter(|letter| is_meant(letter)).cloned().collect::<Vec<_>>());
            assert_eq!(numbers(&letters(&house, filter)), expected, "{filter:?}");
            let (causes, selected) = groups(&house, filter);
            assert_eq!(usize::try_from(selected).unwrap(), expected.len(), "{filter:?}");
            assert_eq!(causes.is_empty(), expected.is_empty(), "{filter:?}");
            expected.len()
        };
        let (causes, _) = groups(&house, &[]);
        let mut stages = 0;
        for stage in ["read", "validate", "match"] {
            let codes: BTreeSet<&str> =
                causes.iter().filter(|cause| cause["stage"] == stage).map(|cause| text(&cause["code"])).collect();
            let meant = |letter: &Value| {
                letter["reasons"].as_array().unwrap().iter().any(|reason| codes.contains(text(&reason["code"])))
            };
            stages += usize::from(check(&["--stage", stage], &meant) > 0);
        }
        assert!(stages > 1);
        let with = |code: &str, field: &str| {
            let (code, field) = (code.to_owned(), field.to_owned());
            move |letter: &Value| {
                let mut reasons = letter["reasons"].as_array().unwrap().iter();
                reasons.any(|of| of["code"] == code[..] && (field.is_empty() || of["source_field"] == field[..]))
            }
        };
        for cause in &causes[..2] {
            let (code, field) = (text(&cause["code"]), text(&cause["field"]));
            assert!(check(&["--code", code], &with(code, "")) > 0);
            check(&["--code", code, "--field", field], &with(code, field));
            let institution = text(&cause["institution"]);
            let of_institution: BTreeSet<&str> = causes
                .iter()
                .filter(|cause| cause["institution"] == institution)
                .map(|cause| text(&cause["source"]))
                .collect();
            check(&["--institution", institution], &|letter| of_institution.contains(text(&letter["source"])));
            let stream = text(&cause["stream"]);
            check(&["--stream", stream], &|letter| letter["stream"] == stream);
        }
        // By payload and by teacher, as the tables say it.
        let first = all[0]["dead_letter"].as_i64().unwrap();
        let payloads = house.query_rows(&format!(
            "SELECT p.id, p.address FROM dead_letter_sighting g JOIN batch b ON b.id = g.batch_id
             JOIN payload p ON p.id = b.payload_id WHERE g.dead_letter_id = {first}"
        ));
        let file = String::from_utf8(payloads[0].1.clone()).unwrap();
        let in_file = |letter: &Value| {
            house.run_sql(&format!(
                "SELECT count(*) FROM dead_letter_sighting g JOIN batch b ON b.id = g.batch_id JOIN payload p ON p.id = b.payload_id
                 WHERE p.address = '{file}' AND g.dead_letter_id = {}",
                letter["dead_letter"]
            )) > 0
        };
        assert!(check(&["--file", &file], &in_file) > 0);
        let teacher = house.run_sql(
            "SELECT min(i.teacher_id) FROM dead_letter d JOIN teacher_identifier i ON i.blind_index = d.blind_index
             WHERE d.state = 'open'",
        );
        let of_teacher = |letter: &Value| {
            house.run_sql(&format!(
                "SELECT count(*) FROM dead_letter d WHERE d.id = {} AND (d.blind_index IN
                   (SELECT i.blind_index FROM teacher_identifier i WHERE i.teacher_id = {teacher})
                   OR EXISTS (SELECT 1 FROM training_record r JOIN identity_claim c ON c.id = r.claim_id
                     WHERE c.teacher_id = {teacher} AND r.record_key = d.dead_letter_key AND r.source_id = d.source_id))",
                letter["dead_letter"]
            )) > 0
        };
        assert!(check(&["--teacher", &teacher.to_string()], &of_teacher) > 0);
        check(&["--since", "2000-01-01"], &|_| true);
        check(&["--until", "2000-01-01"], &|_| false);
        // The same selection for a replay.
        let code = text(&causes[0]["code"]);
        let plan = house.run_json(&["replay", "plan", "--cause", &causes[0]["cause"].to_string(), "--json"]);
        assert_eq!(plan["letters"], causes[0]["dead_letters"], "{code}");
        assert_eq!(plan["filter"]["cause"], causes[0]["cause"]);
        let unknown: [(&[&str], &str); 6] = [
            (&["--cause", "999999"], "groups"),
            (&["--field", "nosuch_field_anywhere"], "nosuch_field_anywhere"),
            (&["--file", "nosuch.csv"], "nosuch.csv"),
            (&["--institution", "nosuch"], "nosuch"),
            (&["--stream", "nosuch"], "nosuch"),
            (&["--teacher", "999999"], "999999"),
        ];
        for (filter, word) in unknown {
            for command in [&["dead-letters", "groups"][..], &["dead-letters", "list"], &["replay", "plan"]] {
                for language in ["en", "zh_CN.UTF-8"] {
                    let out = house.command(&[command, filter].concat()).env("HUILIU_LANG", language).output().unwrap();
                    let said = String::from_utf8_lossy(&out.stderr).into_owned();
                    assert!(out.status.code() == Some(2) && said.contains(word), "{command:?} {filter:?}: {said}");
                }
            }
        }
    }
}

#[test]
fn a_letter_is_shown_with_its_raw_record_and_what_was_done() {
    for on in BOTH {
        let house = new_demo(on);
        let (causes, _) = groups(&house, &["--code", "id_number.check_digit"]);
        let id = causes[0]["example"].to_string();
        let shown = house.run_json(&["dead-letters", "show", &id, "--json"]);
        assert_eq!(shown["responsible"][0], "institution");
        let fields = shown["mapped"].as_array().unwrap();
        let mapped = |name: &str| text(&fields.iter().find(|field| field["field"] == name).unwrap()["text"]).to_owned();
        let raw = text(&shown["raw"]);
        assert!(raw.contains(&mapped("name")), "{raw}");
        // Nowhere more than the first and last digits of an ID number.
        for said in [raw, &mapped("id_number")] {
            let longest = said.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap();
            assert!(said.contains("****") && longest < 11, "{said}");
        }
        assert_eq!(shown["sightings"][0]["outcome"], "parked");
        assert_eq!(shown["sightings"].as_array().unwrap().len(), 1);
        assert!(shown["history"].as_array().unwrap().is_empty());
        assert!(house.run(&["dead-letters", "discard", &id, "--because", "a test row"]).status.success());
        let shown = house.run_json(&["dead-letters", "show", &id, "--json"]);
        assert_eq!((&shown["state"], &shown["sightings"][0]["outcome"]), (&"discarded".into(), &"discarded".into()));
        assert_eq!(shown["history"][0]["action"], "dead_letter.discard");
        assert!(shown["history"][0].to_string().contains("a test row"));
        for (language, words) in [
            ("en", ["to be mended by: the institution", "a test row"]),
            ("zh_CN.UTF-8", ["由谁处理：机构", "a test row"]),
        ] {
            let out = house.command(&["dead-letters", "show", &id]).env("HUILIU_LANG", language).output().unwrap();
            let said = String::from_utf8_lossy(&out.stdout).into_owned();
            assert!(words.iter().all(|word| said.contains(word)), "{said}");
        }
        assert_eq!(house.run(&["dead-letters", "show", "999999"]).status.code(), Some(2));
    }
}
