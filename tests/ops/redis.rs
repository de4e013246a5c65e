//! Workers whose Redis goes away, comes back, or is filled by others.

use std::time::{Duration, Instant};

use huiliu_sandbox::{CLIENT, Options, SECRET, Sandbox};

use super::{Worker, wait_for, write_config};
use crate::test_env::{Services, TestEnv};

const LEFT: &str = "SELECT count(*) FROM batch WHERE state <> 'done'";

/// Creates a house on PostgreSQL and Redis with landed batches that wait. Returns it with the path of its settings
/// file.
fn land_backlog() -> (TestEnv, String) {
    let mut house = TestEnv::new(Services::PostgresAndRedis);
    house.env.extend([
        ("SANDBOX_SECRET".into(), SECRET.into()),
        ("HUILIU_BATCH_RECORDS".into(), "10".into()),
        ("HUILIU_LOG".into(), "warn,huiliu_queue=info,apalis=off,apalis_core=off".into()),
    ]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { seed: 6, records: 4_000, faults: false, changed_percent: 0 };
    let sandbox = runtime.block_on(Sandbox::start(options, &house.dir.0.join("drop"))).unwrap();
    let source = format!(
        "[[source]]\nname = \"platform\"\nconnector = \"institution\"\ninstitution_code = \"I\"\nbase_url = \"{}\"\n\
         user = \"{CLIENT}\"\npassword_env = \"SANDBOX_SECRET\"\nschedule = \"\"\n",
        sandbox.base_url()
    );
    let file = write_config(&house, &source);
    assert!(house.run(&["migrate"]).status.success());
    let landed = house.run(&["sync", "--all", "--land-only", "--config", &file]);
    assert!(landed.status.success(), "{}", String::from_utf8_lossy(&landed.stderr));
    runtime.block_on(sandbox.stop());
    assert!(house.run_sql(LEFT) > 200);
    (house, file)
}

fn queue_list(house: &TestEnv) -> String {
    house.redis.as_ref().unwrap().run_command(&["--scan", "--pattern", "huiliu:*:notices"]).trim().to_owned()
}

#[test]
fn eight_thousand_foreign_messages_are_noticed_and_left() {
    let (house, file) = land_backlog();
    let redis = house.redis.as_ref().unwrap();
    let list = queue_list(&house);
    redis.fill_list(&list, 8_000);
    let started = Instant::now();
    // Slow enough that the foreign messages are not popped before a worker looks.
    let worker = Worker::start(&house, &file, &[("HUILIU_FAULT_SLOW_MS", "20")]);
    wait_for("the list to be set aside", || {
        !redis.run_command(&["KEYS", "huiliu:*:notices:aside:*"]).trim().is_empty()
    });
    println!("set aside after {:?}", started.elapsed());
    wait_for("the backlog to be done", || house.run_sql(LEFT) == 0);
    assert!(started.elapsed() < Duration::from_secs(60));
    let (code, _, said) = worker.stop_with_sigterm();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("another program writes to our list"), "{said}");
}

#[test]
fn a_worker_without_its_redis_says_so_once_and_goes_on() {
    let (house, file) = land_backlog();
    let redis = house.redis.as_ref().unwrap();
    let worker = Worker::start(&house, &file, &[("HUILIU_FAULT_SLOW_MS", "20")]);
    wait_for("the work to begin", || house.run_sql(LEFT) < 220);
    redis.kill_server();
    let left = house.run_sql(LEFT);
    wait_for("work without Redis", || house.run_sql(LEFT) < left - 10);
    redis.start_server();
    wait_for("the backlog to be done", || house.run_sql(LEFT) == 0);
    let (code, _, said) = worker.stop_with_sigterm();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("Redis does not answer").count(), 1, "{said}");
    assert_eq!(said.matches("Redis answers again").count(), 1, "{said}");
}
