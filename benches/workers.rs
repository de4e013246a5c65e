//! Measures one, two and four workers on one backlog: `cargo bench --bench workers -- [RECORDS] [BATCH] [WORKERS…]`.
//!
//! Uses its own PostgreSQL and Redis. First RECORDS are landed in batches of BATCH. Then WORKERS processes with one
//! delivery at a time are started and drain them, settling included. CPU is that of the workers and of the server;
//! `queue` is the maximum number of messages in Redis, sampled every 20 ms.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement prints what it finds, and fails loudly when it cannot go on"
)]

#[path = "machine.rs"]
mod machine;
#[path = "../tests/test_env.rs"]
#[allow(dead_code, reason = "the bench uses a part of the tests' house")]
mod test_env;

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use huiliu_sandbox::{Options, SECRET, Sandbox};
use machine::{SETTINGS, children_cpu, run_psql, server_cpu, write_sources};
use test_env::{Postgres, Services, TestEnv};

fn land_records(house: &TestEnv, runtime: &tokio::runtime::Runtime, records: u64) {
    let options = Options { seed: 1, records, faults: false, changed_percent: 0 };
    let drop_dir = house.dir.0.join("drop");
    let sandbox = runtime.block_on(Sandbox::start(options, &drop_dir)).unwrap();
    let config = house.dir.0.join("huiliu.toml");
    write_sources(&sandbox, &drop_dir, &config);
    let mut command = house.command(&["sync", "--all", "--land-only", "--config", config.to_str().unwrap()]);
    let landed = command.env("SANDBOX_SECRET", SECRET).stdout(Stdio::null()).status().unwrap();
    assert!(landed.success());
    runtime.block_on(sandbox.stop());
}

/// Returns wall seconds, the workers' CPU seconds, the server's CPU seconds, and the maximum number of messages in
/// Redis.
fn drain_backlog(house: &TestEnv, workers: usize) -> (f64, f64, f64, u64) {
    let postgres = house.postgres.as_ref().unwrap();
    run_psql(postgres, &["-c", "CHECKPOINT"]);
    let (server, started) = (server_cpu(postgres), Instant::now());
    let client = children_cpu();
    let start = |_| -> Child {
        let mut command = house.command(&["worker", "--until-done"]);
        command.env("HUILIU_WORKERS", "1").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut crew: Vec<Child> = (0..workers).map(start).collect();
    let list =
        house.redis.as_ref().unwrap().run_command(&["--scan", "--pattern", "huiliu:*:notices"]).trim().to_owned();
    let mut most = 0;
    while crew.iter_mut().any(|w| w.try_wait().unwrap().is_none()) {
        let depth = house.redis.as_ref().unwrap().run_command(&["LLEN", &list]);
        most = most.max(depth.trim().parse().unwrap_or(0));
        std::thread::sleep(Duration::from_millis(20));
    }
    let wall = started.elapsed().as_secs_f64();
    assert!(crew.iter_mut().all(|w| w.wait().unwrap().success()));
    (wall, children_cpu() - client, server_cpu(postgres) - server, most)
}

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let (records, batch) = (numbers.first().copied().unwrap_or(300_000), numbers.get(1).copied().unwrap_or(4_000));
    let crews: Vec<usize> = match numbers.get(2..) {
        Some([_, ..]) => numbers[2..].iter().filter_map(|n| usize::try_from(*n).ok()).collect(),
        _ => vec![1, 2, 4],
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    println!("{records} records in batches of at most {batch}; PostgreSQL: {SETTINGS}");
    let mut alone = None;
    for workers in crews {
        let mut house = TestEnv::new(Services::PostgresAndRedis);
        house.postgres = Some(Postgres::start_with(SETTINGS));
        house.env.push(("HUILIU_BATCH_RECORDS".into(), batch.to_string()));
        assert!(house.run(&["migrate"]).status.success());
        land_records(&house, &runtime, records);
        let (wall, client, server, most) = drain_backlog(&house, workers);
        let books = house.run_json(&["balance", "--json"]);
        assert_eq!((&books["balanced"], &books["complete"]), (&true.into(), &true.into()), "{books}");
        let base = *alone.get_or_insert(wall);
        println!(
            "{workers} workers {wall:>7.2} s wall, {:>8.0} records/s, {client:>6.2} s CPU workers, {server:>6.2} s CPU server, \
             {:.2} × the first, at most {most} messages in Redis",
            records as f64 / wall,
            base / wall
        );
    }
}
