//! Measures a load by Huiliu side by side with the physical limit: `cargo bench --bench load -- [RECORDS]
//! [CONNECTOR…]`.
//!
//! Ours: JSON, XML and CSV of the sandbox, over HTTP and as files, into a throw-away PostgreSQL; landing, sealing and
//! settling are included. Peer: COPY and one merge of the same normalised rows (`peer.rs`). CPU is client + server, including the checkpoint but not the sandbox.
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

use huiliu_sandbox::{Options, SECRET, Sandbox};
use machine::{Cost, SETTINGS, measure_command, write_sources};
use peer::{make_peer_tables, measure_peer, write_peer_rows};
use test_env::{Postgres, Services, TestEnv};

fn measure_ours(house: &TestEnv, runtime: &tokio::runtime::Runtime, records: u64, changed_percent: u8) -> Cost {
    let options = Options { seed: 1, records, faults: false, changed_percent };
    let drop_dir = house.dir.0.join(format!("drop-{changed_percent}"));
    let sandbox = runtime.block_on(Sandbox::start(options, &drop_dir)).unwrap();
    let config = house.dir.0.join("huiliu.toml");
    write_sources(&sandbox, &drop_dir, &config);
    let mut command = house.command(&["sync", "--all", "--full", "--config", config.to_str().unwrap()]);
    command.env("SANDBOX_SECRET", SECRET);
    let cost = measure_command(house.postgres.as_ref().unwrap(), command);
    runtime.block_on(sandbox.stop());
    cost
}

fn print_costs(name: &str, ours: Cost, peer: Cost) {
    println!(
        "{name:<24} ours {:>6.2} s CPU ({:.2} client + {:.2} server), {:>6.2} s wall, {:>5.0} MiB | COPY + merge {:>6.2} s CPU, {:>6.2} s wall | ratio {:.2}",
        ours.total_cpu(),
        ours.client,
        ours.server,
        ours.wall,
        ours.peak_mib,
        peer.total_cpu(),
        peer.wall,
        ours.total_cpu() / peer.total_cpu()
    );
}

fn main() {
    let records = std::env::args().skip(1).find_map(|a| a.parse::<u64>().ok()).unwrap_or(300_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut house = TestEnv::new(Services::Sqlite);
    house.postgres = Some(Postgres::start_with(SETTINGS));
    assert!(house.run(&["migrate"]).status.success());
    let postgres = house.postgres.as_ref().unwrap();
    println!("{records} records; PostgreSQL: {SETTINGS}");
    let first = measure_ours(&house, &runtime, records, 0);
    let file = house.dir.0.join("rows");
    let books = house.run_json(&["balance", "--json"]);
    assert_eq!((&books["balanced"], &books["complete"]), (&true.into(), &true.into()), "{books}");
    let stale = books["superseded"].as_i64().unwrap()
        + books["updated"].as_i64().unwrap()
        + books["unchanged"].as_i64().unwrap();
    write_peer_rows(&house, &file, stale, false);
    make_peer_tables(postgres);
    print_costs("first load", first, measure_peer(postgres, &file));
    let again = measure_ours(&house, &runtime, records, 0);
    print_costs("reload, nothing changed", again, measure_peer(postgres, &file));
    let changed = measure_ours(&house, &runtime, records, 5);
    write_peer_rows(&house, &file, stale, true);
    print_costs("reload, 5 % changed", changed, measure_peer(postgres, &file));
}
