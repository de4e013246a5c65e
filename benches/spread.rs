//! Measures the work as platforms give it: `cargo bench --bench spread -- [RECORDS] [PAGE] [WORKERS…] [sqlite] [peer]
//! [reload] [bad]`.
//!
//! A platform on loopback has RECORDS in pages of PAGE records, as JSON over HTTP. A tenth as many teachers are spread over
//! all pages, and 8 of 100 records are newer versions of earlier ones, which stand on other pages. The pages are landed
//! first. Then WORKERS processes with one delivery at a time drain them from a PostgreSQL and a Redis of their own, settling included.
//! CPU is that of workers and server. `sqlite` measures one embedded worker instead, `peer` the physical limit beside
//! (`peer.rs`), and `reload` lands the same pages again, unchanged and with 5 % newer versions. `bad` compares pages of 5,000
//! without a record that cannot be used, with one, and with 5 %.
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
#[path = "peer.rs"]
mod peer;
#[path = "../tests/test_env.rs"]
#[allow(dead_code, reason = "the bench uses a part of the tests' house")]
mod test_env;
#[path = "workload.rs"]
mod workload;

use machine::{SETTINGS, children_peak_mib};
use peer::{make_peer_tables, measure_peer, write_peer_rows};
use test_env::{Postgres, Services, TestEnv};
use workload::{Drained, Pages, drain, land, prepare, write_pages};

/// Lands and drains once, checks the books and prints what it cost. Returns the CPU seconds.
fn measure(house: &TestEnv, records: u64, workers: usize) -> f64 {
    let landed = land(house);
    let Drained { wall, client, server, returned } = drain(house, workers);
    let books = house.run_json(&["balance", "--json"]);
    assert_eq!((&books["balanced"], &books["complete"]), (&true.into(), &true.into()), "{books}");
    println!(
        "{workers} workers {wall:>7.2} s wall, {client:>6.2} s CPU workers, {server:>6.2} s CPU server, {:>6.1} µs CPU a record, \
         {returned} batches given back; landed before in {landed:.2} s CPU",
        (client + server) * 1e6 / records as f64
    );
    landed + client + server
}

/// Measures the physical limit for the same records, and prints the ratio.
fn compare(house: &TestEnv, ours: f64, changed: bool) {
    let postgres = house.postgres.as_ref().unwrap();
    let books = house.run_json(&["balance", "--json"]);
    let count = |name: &str| books[name].as_i64().unwrap();
    let file = house.dir.0.join("rows");
    write_peer_rows(house, &file, count("superseded") + count("updated"), changed);
    let peer = measure_peer(postgres, &file);
    println!(
        "  with landing {ours:.2} s CPU; COPY + merge {:.2} s CPU; ratio {:.2}",
        peer.total_cpu(),
        ours / peer.total_cpu()
    );
}

/// Measures batches of 5,000 records without a bad one, with one, and with 5 % of them, each on a PostgreSQL of its own, three times
/// in turn, and prints how the medians compare.
fn compare_faults(records: u64) {
    const PAGE: u64 = 5_000;
    let kinds = [(0, "clean"), (PAGE, "one bad record in 5,000"), (20, "5 % bad")];
    let mut costs: [Vec<f64>; 3] = Default::default();
    for _ in 0..3 {
        for ((bad_every, name), costs) in kinds.iter().zip(&mut costs) {
            let mut house = TestEnv::new(Services::PostgresAndRedis);
            house.postgres = Some(Postgres::start_with(SETTINGS));
            let house = prepare(house, PAGE);
            let teachers = (records / 10).max(1);
            write_pages(&house, Pages { records, size: PAGE, teachers, is_changed: false, bad_every: *bad_every });
            print!("{name}: ");
            costs.push(measure(&house, records, 1));
        }
    }
    let medians = costs.map(|mut of| {
        of.sort_by(f64::total_cmp);
        of[1]
    });
    for ((_, name), cost) in kinds.iter().zip(medians) {
        println!("{name}: {:.1} µs a record with landing, ratio {:.2}", cost * 1e6 / records as f64, cost / medians[0]);
    }
}

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let (records, page) = (numbers.first().copied().unwrap_or(300_000), numbers.get(1).copied().unwrap_or(1_000));
    let has = |word: &str| std::env::args().any(|argument| argument == word);
    let crews: Vec<usize> = match numbers.get(2..) {
        Some([_, ..]) => numbers[2..].iter().filter_map(|n| usize::try_from(*n).ok()).collect(),
        _ if has("sqlite") => vec![1],
        _ => vec![1, 2, 4],
    };
    if has("bad") {
        return compare_faults(records);
    }
    let database = if has("sqlite") { "SQLite" } else { SETTINGS };
    println!("{records} records in pages of {page}, {} teachers; {database}", records / 10);
    for workers in crews {
        let mut house = TestEnv::new(if has("sqlite") { Services::Sqlite } else { Services::PostgresAndRedis });
        if !has("sqlite") {
            house.postgres = Some(Postgres::start_with(SETTINGS));
        }
        let house = prepare(house, page);
        let pages = Pages { records, size: page, teachers: (records / 10).max(1), is_changed: false, bad_every: 0 };
        write_pages(&house, pages);
        let first = measure(&house, records, workers);
        if let Some(postgres) = house.postgres.as_ref().filter(|_| has("peer") || has("reload")) {
            make_peer_tables(postgres);
            compare(&house, first, false);
        }
        if has("reload") {
            println!("nothing has changed:");
            let again = measure(&house, records, workers);
            if house.postgres.is_some() {
                compare(&house, again, false);
            }
            println!("5 % have changed:");
            write_pages(&house, Pages { is_changed: true, ..pages });
            let changed = measure(&house, records, workers);
            if house.postgres.is_some() {
                compare(&house, changed, true);
            }
        }
    }
    println!("peak memory of a process {:.0} MiB", children_peak_mib());
}
