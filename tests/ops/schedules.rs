//! One sync per tick, however many workers run; a missed tick is made up once; a stop between two pages loses nothing.

use std::time::Duration;

use huiliu_sandbox::{CLIENT, Options, SECRET, Sandbox};

use crate::extraction::{Platform, Says, Site, page_of_records};

use super::{Worker, free_port, intel_source, wait_for, write_config};
use crate::test_env::{Services, TestEnv};

const LONG_AGO: &str = "UPDATE schedule SET next_at = 1 WHERE next_at IS NOT NULL";
const RUNS: &str = "SELECT count(*) FROM sync_run";
const DUE: &str = "SELECT count(*) FROM schedule WHERE next_at = 1";

fn scheduled_house(on: Services) -> TestEnv {
    let mut house = TestEnv::new(on);
    house.env.push(("HUILIU_LEASE_MS".into(), "1500".into()));
    house.env.push(("SANDBOX_SECRET".into(), SECRET.into()));
    assert!(house.run(&["migrate"]).status.success());
    house
}

/// The platform is away, so that a sync takes about ten seconds and fails: enough time for others to start a second
/// one.
fn check_one_sync_per_tick(on: Services) {
    let house = scheduled_house(on);
    let config = write_config(&house, &intel_source(free_port(), ""));
    let workers: Vec<Worker> = (0..3).map(|_| Worker::start(&house, &config, &[])).collect();
    wait_for("the schedule", || house.run_sql("SELECT count(*) FROM schedule") == 1);
    assert_eq!(house.run_sql(RUNS), 0, "a source that is new waits for its first moment");
    house.run_sql(LONG_AGO);
    wait_for("the sync", || house.run_sql(RUNS) == 1);
    let manual = house.run(&["sync", "a", "--config", &config]);
    assert_eq!(manual.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&manual.stderr).contains("read by another process"));
    wait_for("its end", || house.run_sql(DUE) == 0);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(house.run_sql(RUNS), 1, "a missed tick is made up once");
    let listed = house.list_items(&["schedules", "list", "--json", "--config", &config]);
    let row = &listed[0];
    assert_eq!((row["source"].as_str(), row["schedule"].as_str()), (Some("a"), Some("0 2 1,11,21 * *")));
    assert_eq!((row["failures"].as_i64(), row["last_state"].as_str()), (Some(1), Some("failed")));
    let waits = house.run_sql(&format!("SELECT next_at / 1000000 - {} FROM schedule", house.unix_seconds()));
    assert!((30..=60).contains(&waits), "tried again in {waits} s");
    for worker in workers {
        let (code, _, said) = worker.stop_with_sigterm();
        assert_eq!(code, Some(0), "{said}");
    }
}

#[test]
fn three_workers_start_one_sync_per_tick_on_sqlite() {
    check_one_sync_per_tick(Services::Sqlite);
}

#[test]
fn three_workers_start_one_sync_per_tick_on_postgresql() {
    check_one_sync_per_tick(Services::Postgres);
}

#[test]
fn a_killed_workers_sync_is_taken_up_and_counts_as_a_failure() {
    let house = scheduled_house(Services::Sqlite);
    let config = write_config(&house, &intel_source(free_port(), ""));
    let first = Worker::start(&house, &config, &[]);
    wait_for("the schedule", || house.run_sql("SELECT count(*) FROM schedule") == 1);
    house.run_sql(LONG_AGO);
    wait_for("the sync", || house.run_sql(RUNS) == 1);
    first.send_signal(libc::SIGKILL);
    let second = Worker::start(&house, &config, &[]);
    wait_for("another", || house.run_sql(RUNS) == 2);
    assert_eq!(house.run_sql("SELECT count(*) FROM sync_run WHERE state = 'running'"), 1);
    assert_eq!(house.run_sql("SELECT failures FROM schedule"), 1);
    // Nobody waits for a sync that is under way: it stops between two pages, and is due at once for the next worker.
    let (code, took, _) = second.stop_with_sigterm();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(house.run_sql("SELECT count(*) FROM sync_run WHERE failure LIKE '%platform.stopped%'"), 1);
    assert_eq!(house.run_sql("SELECT count(*) FROM schedule WHERE holder IS NULL AND next_at = 1"), 1);
}

fn check_stop_between_pages(on: Services) {
    let house = scheduled_house(on);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { seed: 9, records: 60_000, faults: true, changed_percent: 0 };
    let sandbox = runtime.block_on(Sandbox::start(options, &house.dir.0.join("drop"))).unwrap();
    let text = format!(
        "workers = 4\nbatch_records = 200\n[[source]]\nname = \"a\"\nconnector = \"institution\"\ninstitution_code = \"A\"\nbase_url = \"{}\"\nuser = \"{CLIENT}\"\npassword_env = \"SANDBOX_SECRET\"\n",
        sandbox.base_url()
    );
    let config = write_config(&house, &text);
    let worker = Worker::start(&house, &config, &[("HUILIU_FAULT_SLOW_MS", "700")]);
    wait_for("the schedule", || house.run_sql("SELECT count(*) FROM schedule") == 1);
    house.run_sql(LONG_AGO);
    wait_for("work under way", || house.run_sql("SELECT count(*) FROM batch WHERE state = 'claimed'") > 1);
    let (code, took, said) = worker.stop_with_sigterm();
    assert_eq!(code, Some(0), "{said}");
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert_eq!(
        house.run_sql("SELECT count(*) FROM sync_run WHERE failure LIKE '%platform.stopped%'"),
        1,
        "it came too late"
    );
    assert_eq!(house.run_sql("SELECT count(*) FROM batch WHERE state = 'claimed'"), 0);
    assert!(house.run_sql("SELECT count(*) FROM batch WHERE state = 'due'") > 0);
    assert_eq!(house.run_sql("SELECT count(*) FROM stream_cursor"), 1);

    let all = sandbox.counts().completions + sandbox.counts().progress;
    let next = Worker::start(&house, &config, &[]);
    wait_for("the rest", || {
        house.run_sql(DUE) == 0 && house.run_sql("SELECT count(*) FROM batch WHERE state <> 'done'") == 0
    });
    assert_eq!(next.stop_with_sigterm().0, Some(0));
    assert_eq!(
        house.run_json(&["balance", "--json"])["received"].as_u64(),
        Some(all),
        "what had landed was read again"
    );
    assert_eq!(house.run_sql("SELECT sum(lost_claims) FROM batch"), 0);
    assert_eq!(house.run_sql("SELECT count(*) FROM schedule WHERE failures = 0 AND holder IS NULL"), 1);
}

#[test]
fn a_worker_that_is_told_to_stop_finishes_or_gives_back_on_sqlite() {
    check_stop_between_pages(Services::Sqlite);
}

#[test]
fn a_worker_that_is_told_to_stop_finishes_or_gives_back_on_postgresql() {
    check_stop_between_pages(Services::Postgres);
}

/// Each batch takes longer than a stopping worker may wait.
#[test]
fn a_worker_gives_back_what_it_cannot_finish_in_time() {
    let house = scheduled_house(Services::Sqlite);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { seed: 9, records: 1_000, faults: false, changed_percent: 0 };
    let sandbox = runtime.block_on(Sandbox::start(options, &house.dir.0.join("drop"))).unwrap();
    let text = format!(
        "[[source]]\nname = \"a\"\nconnector = \"intel\"\ninstitution_code = \"A\"\nbase_url = \"{}\"\nuser = \"{CLIENT}\"\npassword_env = \"SANDBOX_SECRET\"\n",
        sandbox.base_url()
    );
    let config = write_config(&house, &text);
    assert!(house.run(&["sync", "a", "--land-only", "--config", &config]).status.success());
    let worker = Worker::start(&house, &config, &[("HUILIU_FAULT_SLOW_MS", "60000")]);
    wait_for("a claim", || house.run_sql("SELECT count(*) FROM batch WHERE state = 'claimed'") > 0);
    let (code, took, said) = worker.stop_with_sigterm();
    assert_eq!(code, Some(0), "{said}");
    assert!((9..=19).contains(&took.as_secs()), "{took:?}");
    assert_eq!(house.run_sql("SELECT count(*) FROM batch WHERE state = 'claimed' OR lost_claims > 0"), 0);
    let done = house.run(&["worker", "--until-done", "--config", &config]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(house.run_json(&["balance", "--json"])["complete"], true);
    assert_eq!(house.run_sql("SELECT sum(lost_claims) FROM batch"), 0);
}

#[test]
fn never_by_itself_is_an_empty_schedule() {
    let house = scheduled_house(Services::Sqlite);
    let config = write_config(&house, &intel_source(free_port(), "schedule = \"\""));
    let listed = house.list_items(&["schedules", "list", "--json", "--config", &config]);
    assert_eq!((listed[0]["schedule"].as_str(), listed[0]["next_at"].as_str()), (Some(""), None));
    let _worker = Worker::start(&house, &config, &[]);
    wait_for("the schedule", || house.run_sql("SELECT count(*) FROM schedule WHERE next_at IS NULL") == 1);
}

#[test]
fn a_schedule_that_cannot_be_is_refused() {
    let house = TestEnv::new(Services::Sqlite);
    for (schedule, why) in [("0 2 30 2 *", "this time never comes"), ("every day", "not a cron expression")] {
        let config = write_config(&house, &intel_source(free_port(), &format!("schedule = \"{schedule}\"")));
        let out = house.run(&["worker", "--config", &config]);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{said}");
        for word in ["huiliu.toml", "source a", schedule, why, "0 2 1,11,21 * *"] {
            assert!(said.contains(word), "{word:?} is not in {said:?}");
        }
        assert!(!house.dir.0.join("data").exists(), "something was begun");
    }
}

/// A process on a host whose database was a day ahead has claimed a source and a batch, and is gone.
fn check_release_after_wrong_clock(on: Services) {
    let platform = Platform::start(|_| page_of_records(0..3, ""));
    let site = Site::with_database(on, &platform, &Says::default());
    site.run_json(&["sync", "--all", "--land-only", "--json"]);
    let hold = |seconds: u64| {
        let until = (site.house.unix_seconds() + seconds) * 1_000_000;
        let lease = format!("holder = 'gone:1', lease_until = {until}, epoch = epoch + 1");
        site.house.run_sql(&format!("UPDATE schedule SET {lease}"));
        site.house.run_sql(&format!("UPDATE batch SET state = 'claimed', {lease}"));
    };
    let release = ["sources", "release", "a", "--because", "the clock was a day ahead", "--json"];
    // What ends by itself soon is not released.
    hold(60);
    let refused = site.run(&release);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && said.contains("source.not_held_too_long"), "{said}");
    assert!(site.list_items(&["schedules", "list", "--json"])[0]["held_too_long"].is_null());

    hold(86_400);
    assert!(site.sync_expecting_failure().contains("read by another process"));
    let listed = String::from_utf8(site.run(&["schedules", "list"]).stdout).unwrap();
    assert!(listed.contains("gone:1 (until ") && listed.contains("huiliu sources release"), "{listed}");
    let released = site.run_json(&release);
    assert_eq!((released["holder"].as_str(), released["batches"].as_i64()), (Some("gone:1"), Some(1)), "{released}");
    site.run_json(&["sync", "--all", "--json"]);
    assert_eq!(site.house.run_sql("SELECT count(*) FROM training_record"), 3);
    let log = site.run_json(&["audit", "--action", "source.release", "--json"]).to_string();
    assert!(log.contains("the clock was a day ahead") && log.contains("source a") && log.contains("gone:1"), "{log}");
    assert_eq!(site.run(&release).status.code(), Some(2));
}

#[test]
fn a_source_held_by_a_clock_that_was_ahead_is_released_on_sqlite() {
    check_release_after_wrong_clock(Services::Sqlite);
}

#[test]
fn a_source_held_by_a_clock_that_was_ahead_is_released_on_postgresql() {
    check_release_after_wrong_clock(Services::Postgres);
}
