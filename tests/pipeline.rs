//! The main job: records of several platforms become one balanced ledger, equal to the truth file, on both databases.

use huiliu_sandbox::{CLIENT, Options, SECRET, Sandbox};

use crate::test_env::{Services, TestEnv, Truth};

fn check_demo_equals_the_truth(on: Services, records: u64) {
    let house = TestEnv::new(on);
    let n = records.to_string();
    let first = house.run_json(&["demo", "--records", &n, "--seed", "7", "--json"]);
    let balance = &first["balance"];
    assert_eq!(balance["received"], records);
    assert_eq!(balance["balanced"], true);
    assert_eq!(balance["complete"], true);
    assert_eq!(first["sources"].as_array().unwrap().len(), 5);

    let truth = Truth::from_file(&house.dir.0.join(format!("data/demo-7-{records}-0/truth.jsonl")));
    assert_eq!(balance["parked"], truth.totals["bad"]);
    assert_eq!(balance["inserted"], truth.totals["distinct_good_records"]);
    assert_eq!(house.open_dead_letters(), truth.letters);
    assert_eq!(house.read_ledger(), truth.ledger);

    let again = house.run_json(&["demo", "--records", &n, "--seed", "7", "--full", "--json"]);
    let balance = &again["balance"];
    assert_eq!(balance["received"], records);
    assert_eq!((balance["inserted"].as_i64(), balance["updated"].as_i64()), (Some(0), Some(0)));
    assert_eq!(balance["unchanged"], truth.totals["distinct_good_records"]);
    assert_eq!(house.read_ledger(), truth.ledger);

    let changed = house.run_json(&["demo", "--records", &n, "--seed", "7", "--full", "--changed", "5", "--json"]);
    assert_eq!(changed["balance"]["inserted"], 0);
    assert!(changed["balance"]["updated"].as_i64().unwrap() > 0);
    let truth = Truth::from_file(&house.dir.0.join(format!("data/demo-7-{records}-5/truth.jsonl")));
    assert_eq!(house.read_ledger(), truth.ledger);

    let all = house.run_json(&["balance", "--json"]);
    assert_eq!(all["received"].as_u64(), Some(records * 3));
    assert_eq!((all["balanced"].as_bool(), all["complete"].as_bool()), (Some(true), Some(true)));
}

#[test]
fn demo_equals_the_truth_on_sqlite() {
    check_demo_equals_the_truth(Services::Sqlite, 100_000);
}

#[test]
fn demo_equals_the_truth_on_postgresql() {
    check_demo_equals_the_truth(Services::Postgres, 100_000);
}

#[test]
fn every_entry_explains_itself_and_no_output_shows_an_id_number() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "1000", "--json"]);
    let ledger = house.read_ledger();
    let (id, (units, provisional, _)) = ledger.iter().find(|(_, v)| v.0 > 0 && v.2 > 0).unwrap();
    let mut command = house.command(&["teachers", "explain", "-", "--json"]);
    let mut child = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), id.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(told["counted"]["units"].as_i64(), Some(*units));
    assert_eq!(told["provisional"]["units"].as_i64(), Some(*provisional));
    let entries = told["entries"].as_array().unwrap();
    assert!(entries.iter().any(|e| e["outcome"] == "duplicate" && e["duplicate_of"].is_i64()));
    for entry in entries {
        assert!(entry["arithmetic"]["amount"].is_string() && !entry["rule"].as_str().unwrap().is_empty());
    }
    let mut shown = out.stdout;
    for args in [
        &["dead-letters", "list", "--limit", "100000"][..],
        &["records", "list", "--limit", "100000"],
        &["runs", "list"],
        &["doctor"],
    ] {
        shown.extend(house.run(args).stdout);
    }
    let shown = String::from_utf8(shown).unwrap();
    for id in ledger.keys() {
        assert!(!shown.contains(id.as_str()), "an ID number is shown");
    }
    for file in ["huiliu.db", "huiliu.db-wal", "queue.db"] {
        let bytes = std::fs::read(house.dir.0.join("data").join(file)).unwrap_or_default();
        for id in ledger.keys().take(20) {
            assert!(!bytes.windows(18).any(|w| w == id.as_bytes()), "an ID number stands in {file}");
        }
    }
}

#[test]
fn an_id_number_is_not_taken_as_an_argument() {
    let house = TestEnv::new(Services::Sqlite);
    let out = house.run(&["teachers", "explain", "22010219590911001X"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(!String::from_utf8_lossy(&out.stderr).contains("22010219590911001X"));
}

#[test]
fn since_a_day_reads_only_what_has_changed() {
    let mut house = TestEnv::new(Services::Sqlite);
    house.env.push(("SANDBOX_SECRET".into(), SECRET.into()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { seed: 5, records: 2_000, faults: false, changed_percent: 0 };
    let sandbox = runtime.block_on(Sandbox::start(options, &house.dir.0.join("drop"))).unwrap();
    let config = house.dir.0.join("huiliu.toml");
    let text = format!(
        "[[source]]\nname = \"a\"\nconnector = \"institution\"\ninstitution_code = \"A\"\nbase_url = \"{}\"\nuser = \"{CLIENT}\"\n\
         password_env = \"SANDBOX_SECRET\"\n",
        sandbox.base_url()
    );
    std::fs::write(&config, text).unwrap();
    let sync = |more: &[&str]| {
        let args = [&["sync", "a", "--json", "--config", config.to_str().unwrap()], more].concat();
        house.run_json(&args)["balance"]["received"].as_u64().unwrap()
    };
    let all = sandbox.counts().completions + sandbox.counts().progress;
    let late = sync(&["--since", "2017-06-01"]);
    assert!(late > 0 && late < all / 2, "{late} of {all}");
    assert_eq!(sync(&["--full"]), all);
    // The next pass asks for what has changed since the last one began.
    assert_eq!(sync(&[]), 0);
    assert_eq!(house.run(&["sync", "a", "--since", "yesterday"]).status.code(), Some(2));
    assert_eq!(house.run(&["sync", "a", "--full", "--since", "2017-06-01"]).status.code(), Some(2));
}
