//! Replays taken back, and replays that need a second person.

use serde_json::Value;

use super::{int_field, misread_house_in_batches, run_command, write_manifest};
use crate::test_env::{Services, TestEnv};

/// The house of the other tests, with the right manifest and nothing replayed yet.
pub(super) fn corrected_house(on: Services) -> (TestEnv, tokio::runtime::Runtime, huiliu_sandbox::Sandbox) {
    let (house, _, runtime, sandbox) = misread_house_in_batches(on, "40");
    write_manifest(&house, str::to_owned);
    (house, runtime, sandbox)
}

fn plan_and_apply(house: &TestEnv) -> String {
    let plan = house.run_json(&["replay", "plan", "--json"])["replay"].to_string();
    house.run_json(&["replay", "apply", &plan, "--json"]);
    plan
}

/// Counters, open letters and ledger.
pub(super) fn describe(house: &TestEnv) -> (Value, usize, Vec<String>) {
    let letters = house.open_dead_letters().len();
    // A teacher whom a replay made is left when it is undone, without hours.
    let ledger = house.read_ledger();
    let told = ledger.iter().filter(|(_, hours)| hours.0 > 0).map(|line| format!("{line:?}")).collect();
    (house.run_json(&["balance", "--json"]), letters, told)
}

#[test]
fn an_applied_replay_is_planned_back_and_taken_back() {
    for on in [Services::Sqlite, Services::Postgres] {
        let (house, runtime, sandbox) = corrected_house(on);
        let before = describe(&house);
        let replay = plan_and_apply(&house);
        let after = describe(&house);
        assert!(after.2.len() > before.2.len(), "{on:?}: nothing was replayed");

        let plan = house.run_json(&["replay", "undo", &replay, "--json"]);
        assert_eq!((&plan["undoes"].to_string(), &plan["kept"]), (&replay, &0.into()), "{plan}");
        assert!(int_field(&plan, "teachers") > 50 && plan["changes"] == true, "{plan}");
        assert_eq!(describe(&house), after, "{on:?}: a plan changes nothing");
        let undo = plan["replay"].to_string();
        let (code, text, told) = run_command(&house, &["replay", "show", &undo]);
        assert!(code == Some(0) && text.contains("parked again") && text.contains("lose"), "{text} {told}");
        let (code, text, told) = run_command(&house, &["replay", "apply", &undo]);
        assert!(code == Some(0), "{text} {told}");
        assert_eq!(describe(&house), before, "{on:?}");

        // A record that counts for nobody any more can still be shown, because the ledger's history names it.
        let gone = house.run_sql("SELECT max(id) FROM training_record WHERE merged_into = id").to_string();
        let (code, text, told) = run_command(&house, &["records", "show", &gone]);
        assert!(code == Some(0) && text.contains("its replay was undone"), "{text} {told}");

        // What was undone is not undone again, nor is an undo.
        for (id, words) in [(&replay, "was undone by replay"), (&undo, "cannot be undone")] {
            let (code, _, told) = run_command(&house, &["replay", "undo", id]);
            assert!(code == Some(2) && told.contains(words), "{told}");
        }
        let log = house.list_items(&["audit", "--json", "--action", "replay.undo"]);
        assert_eq!(log[0]["object"], format!("replay {undo}"));
        assert!(house.run_json(&["verify", "--json"])["differences"].as_array().is_none_or(Vec::is_empty));

        // The letters can be replayed once more, with the same result.
        plan_and_apply(&house);
        let again = describe(&house);
        assert_eq!((again.1, again.2.len()), (after.1, after.2.len()), "{on:?}");
        assert_eq!(again.0["balanced"], true);
        runtime.block_on(sandbox.stop());
    }
}

#[test]
fn what_came_since_stays_and_is_named() {
    let (house, runtime, sandbox) = corrected_house(Services::Sqlite);
    let replay = plan_and_apply(&house);
    // Every page comes once more.
    assert!(house.run(&["sync", "--all", "--full"]).status.success());
    let plan = house.run_json(&["replay", "undo", &replay, "--json"]);
    assert!(int_field(&plan, "kept") > 0 && int_field(&plan["outcomes"], "parked") == 0, "{plan}");
    let kept = plan["items"][0]["kept"].as_str().unwrap();
    assert!(["received_again", "overtaken"].contains(&kept), "{plan}");
    let (code, text, _) = run_command(&house, &["replay", "undo", &replay]);
    assert!(code == Some(0) && text.contains("nothing would change"), "{text}");
    runtime.block_on(sandbox.stop());
}

#[test]
fn a_second_person_approves() {
    let (mut house, runtime, sandbox) = corrected_house(Services::Sqlite);
    house.env.push(("HUILIU_APPROVE_REPLAYS_ABOVE".into(), "10".into()));
    let (code, text, told) = run_command(&house, &["replay", "plan"]);
    assert!(code == Some(0) && text.contains("a second person must approve it first"), "{text} {told}");
    let plan = house.list_items(&["replay", "list", "--json"])[0].clone();
    let id = plan["replay"].to_string();
    assert_eq!((&plan["approval"], &plan["approved_by"]), (&"records".into(), &Value::Null), "{plan}");
    let approve = ["replay", "approve", &id, "--because", "checked with the office"];
    let refusals: [(&[&str], &str); 2] =
        [(&["replay", "apply", &id], "must approve it first"), (&approve, "cannot approve it too")];
    for (args, words) in refusals {
        let (code, _, told) = run_command(&house, args);
        assert!(code == Some(2) && told.contains(words), "{args:?}: {told}");
    }
    let other = |args: &[&str]| house.command(args).env("HUILIU_ACTOR", "a colleague").output().unwrap();
    assert!(other(&approve).status.success());
    let again = other(&approve);
    assert!(String::from_utf8_lossy(&again.stderr).contains("is approved already, by a colleague"));
    assert_eq!(run_command(&house, &["replay", "apply", &id]).0, Some(0));
    let log = house.list_items(&["audit", "--json", "--action", "replay.approve"]);
    assert_eq!(
        (&log[0]["actor"], &log[0]["detail"]["because"]),
        (&"a colleague".into(), &"checked with the office".into())
    );
    assert_eq!(house.run_json(&["replay", "show", &id, "--json"])["approved_by"], "a colleague");

    // A small plan needs nobody else.
    let letter = house.list_items(&["dead-letters", "list", "--limit", "1", "--json"])[0]["dead_letter"].to_string();
    let small = house.run_json(&["replay", "plan", "--letter", &letter, "--json"]);
    assert_eq!(small["approval"], Value::Null);
    let (code, _, told) =
        run_command(&house, &["replay", "approve", &small["replay"].to_string(), "--because", "why not"]);
    assert!(code == Some(2) && told.contains("needs no approval"), "{told}");

    // What is not to be applied is closed, and nobody waits for it.
    let small = small["replay"].to_string();
    let (code, text, told) = run_command(&house, &["replay", "close", &small, "--because", "they send it again"]);
    assert!(code == Some(0) && text.contains("is closed; its dead letters stay open"), "{text} {told}");
    let (_, shown, _) = run_command(&house, &["replay", "show", &small]);
    assert!(shown.contains("has closed it: they send it again"), "{shown}");
    for again in [&["replay", "apply", &small][..], &["replay", "close", &small, "--because", "twice"]] {
        let (code, _, told) = run_command(&house, again);
        assert!(code == Some(2) && told.contains("not planned"), "{told}");
    }
    let log = house.list_items(&["audit", "--json", "--action", "replay.close"]);
    assert_eq!(log[0]["detail"]["because"], "they send it again");
    runtime.block_on(sandbox.stop());
}
