//! Measures how costs grow with what is stored: `cargo bench --bench scale -- [RECORDS…] [letters]`.
//!
//! For each number of records, a PostgreSQL and a Redis of its own. Up to 271,600 teachers are spread over pages of 1,000
//! records, and one record of ten cannot be used. Everything is landed and then delivered and settled by one worker. Then the
//! listings are run on it, each three times; the wall time of the middle run counts, the start of the program included. With
//! `letters`, only the first record can be used, and the listings are those of dead letters.
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

use std::process::Stdio;
use std::time::Instant;

use machine::{SETTINGS, children_peak_mib, psql_command, run_psql};
use test_env::{Postgres, Services, TestEnv};
use workload::{Drained, Pages, drain, land, prepare, write_pages};

/// The teachers of the province.
const TEACHERS: u64 = 271_600;
const PAGE: u64 = 1_000;

/// What people ask for, with the smallest answer that is one.
const LISTINGS: [&[&str]; 12] = [
    &["records", "list", "--json"],
    &["records", "list", "--after", "5000", "--json"],
    &["records", "show", "4000", "--json"],
    &["teachers", "explain", "1", "--json"],
    &["teachers", "totals", "--json"],
    &["dead-letters", "list", "--json"],
    &["dead-letters", "show", "1", "--json"],
    &["runs", "list", "--json"],
    &["runs", "show", "1", "--json"],
    &["identity", "status", "--json"],
    &["balance", "--json"],
    &["doctor", "--json"],
];

/// What people ask of dead letters.
const OF_LETTERS: [&[&str]; 12] = [
    &["dead-letters", "groups", "--json"],
    &["dead-letters", "groups", "--code", "hours.number", "--json"],
    &["dead-letters", "groups", "--run", "1", "--json"],
    &["dead-letters", "groups", "--stage", "validate", "--since", "2020-01-01", "--json"],
    &["dead-letters", "list", "--json"],
    &["dead-letters", "list", "--code", "hours.number", "--json"],
    &["dead-letters", "list", "--field", "score", "--json"],
    &["dead-letters", "list", "--institution", "I", "--json"],
    &["dead-letters", "list", "--run", "1", "--json"],
    &["dead-letters", "list", "--file", "/records page 7", "--json"],
    &["dead-letters", "list", "--teacher", "1", "--json"],
    &["dead-letters", "show", "7", "--json"],
];

fn time_listing(house: &TestEnv, args: &[&str]) -> f64 {
    let mut times: Vec<f64> = vec![];
    // What takes long is measured once.
    while times.len() < 3 && times.iter().all(|spent| *spent < 5e3) {
        let started = Instant::now();
        let out = house.run(args);
        times.push(started.elapsed().as_secs_f64() * 1e3);
        assert!(!out.stdout.is_empty(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Prints bytes per record of the largest tables, and of each index of the records' table.
fn print_sizes(postgres: &Postgres, records: u64) {
    let sql = format!(
        "SELECT '  ' || string_agg(name || ' ' || round(bytes / {records}.0), ', ') || ' bytes a record' FROM (
           SELECT c.relname AS name,
             CASE c.relkind WHEN 'r' THEN pg_table_size(c.oid) ELSE pg_relation_size(c.oid) END AS bytes
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
           WHERE c.relkind = 'r' OR c.relkind = 'i' AND c.relname LIKE 'training_record%' ORDER BY 2 DESC LIMIT 12) s"
    );
    assert!(psql_command(postgres, &["-At", "-c", &sql]).stdout(Stdio::inherit()).status().unwrap().success());
}

fn main() {
    let of_letters = std::env::args().any(|argument| argument == "letters");
    let bad_every = if of_letters { 1 } else { 10 };
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if numbers.is_empty() { vec![10_000, 100_000, 1_000_000, 10_000_000] } else { numbers };
    println!("{SETTINGS}");
    for records in sizes {
        let mut house = TestEnv::new(Services::PostgresAndRedis);
        house.postgres = Some(Postgres::start_with(SETTINGS));
        let house = prepare(house, PAGE);
        let teachers = (records / 10).clamp(1, TEACHERS);
        write_pages(&house, Pages { records, size: PAGE, teachers, is_changed: false, bad_every });
        let landed = land(&house);
        let Drained { wall, client, server, .. } = drain(&house, 1);
        let each = |seconds: f64| seconds * 1e6 / records as f64;
        println!(
            "{records} records of {teachers} teachers: landed {:.1} µs a record, delivered {:.1} µs ({:.1} worker, {:.1} server), {wall:.1} s",
            each(landed),
            each(client + server),
            each(client),
            each(server)
        );
        run_psql(house.postgres.as_ref().unwrap(), &["-c", "VACUUM ANALYZE"]);
        print_sizes(house.postgres.as_ref().unwrap(), records);
        for listing in if of_letters { OF_LETTERS } else { LISTINGS } {
            println!("  {:>9.0} ms  {}", time_listing(&house, listing), listing.join(" "));
        }
    }
    println!("peak memory of a process {:.0} MiB", children_peak_mib());
}
