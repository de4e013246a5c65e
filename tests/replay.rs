//! A mapping bug, a corrected manifest and the dead letters, tested with the real program: planned, applied, refused,
//! audited.

#[path = "replay/steps.rs"]
mod steps;
#[path = "replay/undo.rs"]
mod undo;

use huiliu_sandbox::{CLIENT, Options, SECRET, Sandbox};
use serde_json::Value;

use crate::test_env::{Services, TestEnv};

const RECORDS: u64 = 2_000;

/// Creates a house whose institution manifest reads the minutes from a wrong path, with everything delivered.
fn misread_house(on: Services) -> (TestEnv, String, tokio::runtime::Runtime, Sandbox) {
    misread_house_in_batches(on, "0")
}

/// Does the same with so many raw records in a batch.
fn misread_house_in_batches(on: Services, records: &str) -> (TestEnv, String, tokio::runtime::Runtime, Sandbox) {
    let mut house = TestEnv::new(on);
    house.env.push(("HUILIU_BATCH_RECORDS".into(), records.into()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { seed: 5, records: RECORDS, faults: false, changed_percent: 0 };
    let drop_dir = house.dir.0.join("drop");
    let sandbox = runtime.block_on(Sandbox::start(options, &drop_dir)).unwrap();
    let config = house.dir.0.join("huiliu.toml");
    let source = format!(
        "manifests_dir = \"{}\"\n[[source]]\nname = \"platform\"\nconnector = \"institution\"\ninstitution_code = \"I\"\n\
         base_url = \"{}\"\nuser = \"{CLIENT}\"\npassword_env = \"SANDBOX_SECRET\"\n",
        house.dir.0.join("manifests").display(),
        sandbox.base_url()
    );
    std::fs::write(&config, source).unwrap();
    house.env.extend([
        ("SANDBOX_SECRET".into(), SECRET.into()),
        ("HUILIU_CONFIG".into(), config.display().to_string()),
        ("HUILIU_ACTOR".into(), "the administrator".into()),
    ]);
    write_manifest(&house, |text| text.replace("{ path = \"studyMinutes\"", "{ path = \"minutes\""));
    assert!(house.run(&["migrate"]).status.success());
    assert!(house.run(&["sync", "--all"]).status.success());
    (house, config.display().to_string(), runtime, sandbox)
}

fn write_manifest(house: &TestEnv, change: impl Fn(&str) -> String) {
    let shipped = huiliu_connectors::CONNECTORS.iter().find(|c| c.id == "institution").unwrap().manifest;
    let changed = change(shipped);
    let folder = house.dir.0.join("manifests/institution");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("manifest.toml"), changed).unwrap();
}

fn run_command(house: &TestEnv, args: &[&str]) -> (Option<i32>, String, String) {
    let out = house.command(args).env("HUILIU_CONFIG", house.dir.0.join("huiliu.toml")).output().unwrap();
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

fn int_field(value: &Value, key: &str) -> i64 {
    value[key].as_i64().unwrap_or(0)
}

fn check_corrected_manifest_is_replayed(on: Services) {
    let (house, _, runtime, sandbox) = misread_house(on);
    let bad = house.run_json(&["balance", "--json"]);
    assert_eq!((int_field(&bad, "inserted"), bad["balanced"].as_bool()), (0, Some(true)), "{bad}");
    assert!(house.read_ledger().is_empty());

    // Under the manifest that parked them, all of them would be parked again.
    let vain = house.run_json(&["replay", "plan", "--json"]);
    assert_eq!(int_field(&vain["outcomes"], "parked"), int_field(&bad, "parked"), "{}", vain["outcomes"]);

    write_manifest(&house, str::to_owned);
    let plan = house.run_json(&["replay", "plan", "--connector", "institution", "--code", "hours.missing", "--json"]);
    let id = plan["replay"].to_string();
    assert!(int_field(&plan["outcomes"], "inserted") > 100 && int_field(&plan, "teachers") > 50, "{plan}");
    assert_eq!(house.run_json(&["balance", "--json"]), bad, "a plan changes nothing");
    let shown = house.run_json(&["replay", "show", &id, "--limit", "100000", "--json"]);
    let (code, text, _) = run_command(&house, &["replay", "show", &id]);
    assert!(code == Some(0) && text.contains("planned"), "{text}");

    // The plan from before the correction is refused, and the message says why.
    let (code, _, told) = run_command(&house, &["replay", "apply", &vain["replay"].to_string()]);
    assert!(code == Some(1) && told.contains("manifest or the rules of connector institution"), "{told}");

    let (code, text, told) = run_command(&house, &["replay", "apply", &id]);
    assert!(code == Some(0) && text.contains("applied"), "{text} {told}");
    let good = house.run_json(&["balance", "--json"]);
    assert_eq!((good["balanced"].as_bool(), int_field(&good, "teachers_due")), (Some(true), 0), "{good}");
    for outcome in ["inserted", "updated"] {
        assert_eq!(int_field(&good, outcome), int_field(&plan["outcomes"], outcome), "{outcome}");
    }
    let planned: i64 =
        shown["effects"].as_array().unwrap().iter().map(|e| e["counted"]["after"]["units"].as_i64().unwrap()).sum();
    let counted: i64 = house.read_ledger().values().map(|(units, ..)| units).sum();
    assert_eq!(counted, planned, "hours counted, and planned to be");

    // A second application is refused. The remaining letters were bad from the start. Every step is in the audit log.
    let (code, _, told) = run_command(&house, &["replay", "apply", &id]);
    assert!(code == Some(2) && told.contains("applied"), "{told}");
    let audit = house.list_items(&["audit", "--json"]);
    let actions: Vec<&str> = audit.as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["rules.seed", "replay.plan", "replay.plan", "replay.refused", "replay.apply"]);
    assert!(audit.as_array().unwrap().iter().all(|e| e["actor"] == "the administrator"));

    // A letter that a person discards moves from parked to discarded, once.
    let (source, place, _) = house.open_dead_letters().swap_remove(0);
    let letter = house.list_items(&["dead-letters", "list", "--limit", "1", "--json"])[0]["dead_letter"].to_string();
    let discard = ["dead-letters", "discard", &letter, "--because", "a test row"];
    assert_eq!(run_command(&house, &discard).0, Some(0), "{source} {place}");
    assert_eq!(run_command(&house, &discard).0, Some(2));
    assert_eq!(
        run_command(&house, &["dead-letters", "discard", &letter, "--because", "  "]).0,
        Some(2),
        "no reason given"
    );
    assert_eq!(run_command(&house, &["teachers", "explain", "99999"]).0, Some(2), "no such teacher");
    let closed = house.run_json(&["balance", "--json"]);
    let sum = |b: &Value| int_field(b, "parked") + int_field(b, "discarded");
    assert!(
        int_field(&closed, "discarded") > 0 && sum(&closed) == sum(&good) && closed["balanced"] == true,
        "{closed}"
    );

    // The same pages once more bring nothing new.
    assert!(house.run(&["sync", "--all", "--full"]).status.success());
    let again = house.run_json(&["balance", "--json"]);
    assert_eq!(
        (int_field(&again, "inserted"), int_field(&again, "updated")),
        (int_field(&good, "inserted"), int_field(&good, "updated")),
        "{again}"
    );
    runtime.block_on(sandbox.stop());
}

#[test]
fn a_corrected_manifest_is_replayed_on_sqlite() {
    check_corrected_manifest_is_replayed(Services::Sqlite);
}

#[test]
fn a_corrected_manifest_is_replayed_on_postgresql() {
    check_corrected_manifest_is_replayed(Services::Postgres);
}

#[test]
fn a_changed_audit_log_shows() {
    let (house, _, runtime, sandbox) = misread_house(Services::Sqlite);
    assert!(house.run_json(&["replay", "plan", "--json"])["replay"].is_i64());
    assert!(house.run(&["replay", "plan"]).status.success());
    let url = format!("sqlite:{}", house.dir.0.join("data/huiliu.db").display());
    let change = |sql: &'static str| {
        runtime.block_on(async {
            let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
            sqlx::query(sql).execute(&pool).await.unwrap();
            pool.close().await;
        });
    };
    assert_eq!(run_command(&house, &["audit"]).0, Some(0));
    change("UPDATE audit SET actor = 'nobody' WHERE id = 1");
    let (code, _, told) = run_command(&house, &["audit"]);
    assert!(code == Some(1) && told.contains("entry 1"), "{told}");
    change("UPDATE audit SET actor = 'the administrator' WHERE id = 1");
    assert_eq!(run_command(&house, &["audit"]).0, Some(0));
    change("DELETE FROM audit WHERE id = 1");
    let (code, _, told) = run_command(&house, &["audit"]);
    assert!(code == Some(1) && told.contains("entry 2"), "{told}");
    runtime.block_on(sandbox.stop());
}

#[test]
fn what_no_letter_matches_and_what_is_no_replay_is_said() {
    let (house, _, runtime, sandbox) = misread_house(Services::Sqlite);
    for (args, words) in [
        (&["replay", "plan", "--code", "valid_to.order"][..], "no open dead letter"),
        (&["replay", "plan", "--since", "2099-01-01"], "no open dead letter"),
        (&["replay", "apply", "77"], "no replay 77"),
        (&["replay", "show", "77"], "no replay 77"),
    ] {
        let (code, _, told) = run_command(&house, args);
        assert!(code == Some(2) && told.contains(words), "{args:?}: {told}");
    }
    runtime.block_on(sandbox.stop());
}
