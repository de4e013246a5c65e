//! Measures replays: `cargo bench --bench replays -- [RECORDS…]`.
//!
//! For each number of records, a PostgreSQL of its own. All records are parked, because the manifest reads the hours from a
//! field that does not exist. Then the manifest is corrected, and all of them are planned, applied, planned back and taken back.
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
#[path = "workload.rs"]
mod workload;

use machine::{Cost, SETTINGS, measure_command, run_psql};
use test_env::{Postgres, Services, TestEnv};
use workload::{Pages, drain, land, prepare, write_pages};

const PAGE: u64 = 1_000;

/// Runs a command on the replay, and prints what a record costs.
fn measure(house: &TestEnv, records: u64, args: &[&str]) -> Cost {
    let cost = measure_command(house.postgres.as_ref().unwrap(), house.command(args));
    println!(
        "  {:<16} {:>6.1} µs a record ({:.1} program, {:.1} server), {:.1} s, peak {:.0} MiB",
        args.join(" "),
        cost.total_cpu() * 1e6 / records as f64,
        cost.client * 1e6 / records as f64,
        cost.server * 1e6 / records as f64,
        cost.wall,
        cost.peak_mib
    );
    cost
}

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    println!("{SETTINGS}");
    for records in if numbers.is_empty() { vec![100_000, 1_000_000] } else { numbers } {
        let mut house = TestEnv::new(Services::PostgresAndRedis);
        house.postgres = Some(Postgres::start_with(SETTINGS));
        let house = prepare(house, PAGE);
        let manifest = house.dir.0.join("manifests/spread/manifest.toml");
        let right = std::fs::read_to_string(&manifest).unwrap();
        std::fs::write(&manifest, right.replace("path = \"hours\"", "path = \"minutes\"")).unwrap();
        let teachers = (records / 10).max(1);
        write_pages(&house, Pages { records, size: PAGE, teachers, is_changed: false, bad_every: 0 });
        land(&house);
        drain(&house, 1);
        std::fs::write(&manifest, right).unwrap();
        run_psql(house.postgres.as_ref().unwrap(), &["-c", "VACUUM ANALYZE"]);
        println!("{records} records of {teachers} teachers, all parked");
        let planned = measure(&house, records, &["replay", "plan"]);
        let applied = measure(&house, records, &["replay", "apply", "1"]);
        println!("  planning takes {:.2} × the CPU of applying", planned.total_cpu() / applied.total_cpu());
        measure(&house, records, &["replay", "undo", "1"]);
        measure(&house, records, &["replay", "apply", "2"]);
        assert_eq!(house.run_json(&["balance", "--json"])["balanced"], true);
    }
}
