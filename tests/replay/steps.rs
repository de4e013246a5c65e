//! Large replays: applied in steps, killed between two of them, gone on with, and stopped by what changed.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::undo::{corrected_house, describe};
use super::{int_field, run_command};
use crate::test_env::{Services, TestEnv};

/// Raw records per step; the house has 1,200.
const STEP: &str = "40";

fn plan_in_steps(house: &mut TestEnv) -> (String, i64) {
    house.env.push(("HUILIU_FAULT_STEP_RECORDS".into(), STEP.into()));
    let plan = house.run_json(&["replay", "plan", "--json"]);
    let total = int_field(&plan["steps"], "total");
    assert!(total > 5, "{plan}");
    (plan["replay"].to_string(), total)
}

fn count_applied(house: &TestEnv, replay: &str) -> i64 {
    int_field(&house.run_json(&["replay", "show", replay, "--limit", "1", "--json"])["steps"], "applied")
}

/// Kills the process that applies a replay when some steps are applied, and not all. Returns how many are.
fn kill_between_steps(house: &TestEnv, replay: &str, total: i64) -> i64 {
    let mut applying = house.command(&["replay", "apply", replay]);
    let mut applying =
        applying.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while count_applied(house, replay) == 0 {
        assert!(began.elapsed() < Duration::from_secs(120), "no step is applied");
    }
    applying.kill().unwrap();
    applying.wait().unwrap();
    let applied = count_applied(house, replay);
    assert!(applied < total, "all {total} steps were applied before the kill");
    applied
}

fn effects_of(house: &TestEnv, replay: &str) -> Vec<(Value, Value, Value)> {
    let shown = house.run_json(&["replay", "show", replay, "--all", "--json"]);
    let of = |e: &Value| (e["person"].clone(), e["counted"].clone(), e["provisional"].clone());
    shown["effects"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn a_killed_replay_goes_on_and_does_what_one_step_would_have_done() {
    for on in [Services::Sqlite, Services::Postgres] {
        let (mut house, runtime, sandbox) = corrected_house(on);
        // In one step, planned only, to compare.
        let whole = house.run_json(&["replay", "plan", "--json"]);
        let (replay, total) = plan_in_steps(&mut house);
        assert_eq!(effects_of(&house, &replay), effects_of(&house, &whole["replay"].to_string()), "{on:?}");
        let before = describe(&house);
        let applied = kill_between_steps(&house, &replay, total);
        let (code, text, told) = run_command(&house, &["replay", "show", &replay]);
        assert!(code == Some(0) && text.contains(&format!("{applied} of {total} steps")), "{text} {told}");
        let done = house.run_json(&["replay", "apply", &replay, "--json"]);
        assert_eq!((int_field(&done["steps"], "applied"), done["state"].as_str()), (total, Some("applied")));
        let after = house.run_json(&["balance", "--json"]);
        for outcome in ["inserted", "updated"] {
            assert_eq!(int_field(&after, outcome), int_field(&whole["outcomes"], outcome), "{on:?}: {outcome}");
        }
        assert_eq!(after["balanced"], true);
        let log = house.list_items(&["audit", "--json", "--action", "replay.apply"]);
        assert_eq!(log.as_array().unwrap().len(), usize::try_from(total).unwrap(), "one entry for each step");
        let undo = house.run_json(&["replay", "undo", &replay, "--json"])["replay"].to_string();
        house.run_json(&["replay", "apply", &undo, "--json"]);
        assert_eq!(describe(&house), before, "{on:?}");
        runtime.block_on(sandbox.stop());
    }
}

#[test]
fn a_replay_that_goes_out_of_date_half_way_says_how_far_it_came_and_is_undone() {
    let (mut house, runtime, sandbox) = corrected_house(Services::Sqlite);
    let before = describe(&house);
    let (replay, total) = plan_in_steps(&mut house);
    kill_between_steps(&house, &replay, total);
    // Not undone while it can still go on.
    let (code, _, told) = run_command(&house, &["replay", "undo", &replay]);
    assert!(code == Some(2) && told.contains("is planned"), "{told}");
    let last = house.run_json(&["replay", "show", &replay, "--all", "--json"])["items"].as_array().unwrap().clone();
    let letter = last.last().unwrap()["dead_letter"].to_string();
    let discard = ["dead-letters", "discard", &letter, "--because", "a test row"];
    assert_eq!(run_command(&house, &discard).0, Some(0));
    let (code, _, told) = run_command(&house, &["replay", "apply", &replay]);
    assert!(code == Some(1) && told.contains("went out of date after") && told.contains("undo"), "{told}");
    let undo = house.run_json(&["replay", "undo", &replay, "--json"])["replay"].to_string();
    house.run_json(&["replay", "apply", &undo, "--json"]);
    let undone = describe(&house);
    assert_eq!((undone.1, &undone.2), (before.1 - 1, &before.2));
    assert_eq!(undone.0["balanced"], true);
    runtime.block_on(sandbox.stop());
}
