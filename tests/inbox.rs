//! The inbox: what waits for a person, and the commands that show it.

use serde_json::Value;

use crate::test_env::{Services, TestEnv};

/// Returns what waits, and checks that each command shows it.
fn read_inbox(house: &TestEnv) -> Vec<Value> {
    let waiting = house.list_items(&["inbox", "--json"]).as_array().unwrap().clone();
    for of in &waiting {
        let command: Vec<&str> = of["command"].as_str().unwrap().split(' ').skip(1).collect();
        let out = house.run(&command);
        assert!(matches!(out.status.code(), Some(0 | 1)), "{of}: {}", String::from_utf8_lossy(&out.stderr));
        assert!(!out.stdout.is_empty(), "{of}");
    }
    waiting
}

fn find<'w>(waiting: &'w [Value], kind: &str) -> Vec<&'w Value> {
    waiting.iter().filter(|of| of["kind"] == kind).collect()
}

#[test]
fn all_that_waits_is_listed_with_who_can_act_and_how_to_see_it() {
    for on in [Services::Sqlite, Services::Postgres] {
        let mut house = TestEnv::new(on);
        assert!(house.run(&["migrate"]).status.success());
        assert_eq!(house.list_items(&["inbox", "--json"]), serde_json::json!([]), "nothing waits in an empty house");
        house.run_json(&["demo", "--records", "3000", "--json"]);
        let waiting = read_inbox(&house);
        let letters: i64 = find(&waiting, "dead_letter").iter().map(|of| of["waiting"].as_i64().unwrap()).sum();
        assert_eq!(usize::try_from(letters).unwrap(), house.open_dead_letters().len(), "{waiting:?}");
        assert!(find(&waiting, "dead_letter").iter().all(|of| of["source"].is_string()));
        assert!(find(&waiting, "replay_unapproved").is_empty());

        house.env.push(("HUILIU_APPROVE_REPLAYS_ABOVE".into(), "1".into()));
        house.run_json(&["replay", "plan", "--json"]);
        let waiting = read_inbox(&house);
        let unapproved = find(&waiting, "replay_unapproved")[0];
        assert_eq!((&unapproved["waiting"], &unapproved["responsible"]), (&1.into(), &"administrator".into()));
        assert!(unapproved["since"].is_string() && unapproved["source"].is_null(), "{unapproved}");

        let text = String::from_utf8(house.run(&["inbox"]).stdout).unwrap();
        assert!(text.contains("replays to approve") && text.contains("huiliu dead-letters groups"), "{text}");
    }
}
