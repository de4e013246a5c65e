//! Measures a load by Huiliu side by side with the physical limit: `cargo bench --bench load -- [RECORDS]
//! [CONNECTOR…]`.
//!
//! Ours: JSON, XML and CSV of the sandbox, over HTTP and as files, into a throw-away PostgreSQL; landing, sealing and
//! settling are included. Peer: `psql` COPY of the same normalised rows into an unlogged staging table and one merge
//! into a logged table (the newest version wins; unique key record_key, source_id, stream; secondary index claim_id).
//! CPU is client + server, including the checkpoint but not the sandbox.
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

use std::path::Path;
use std::process::Command;

use huiliu_sandbox::{Options, SECRET, Sandbox};
use machine::{Cost, SETTINGS, measure_command, psql_command, run_psql, write_sources};
use test_env::{Postgres, Services, TestEnv};

const COLUMNS: &str = "institution_id, source_id, stream, record_key, kind, claim_id, source_version, activation, content_digest, \
    school_code, project_code, project_title, category_code, course_code, course_title, canonical_course, role, mode, delivery_code, \
    required, place, period_start, period_end, raw_hours, hours_unit, hours_units, certificate_number, pass_state, \
    manifest_version, batch_id, address";

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

/// Writes the rows that the peer copies: the stored ones, and an older version of as many as were superseded, in no
/// order.
fn write_peer_rows(house: &TestEnv, file: &Path, stale: i64, changed: bool) {
    let postgres = house.postgres.as_ref().unwrap();
    let (version, hours) = if changed {
        (
            "CASE WHEN id % 20 = 0 THEN source_version + 1 ELSE source_version END",
            "CASE WHEN id % 20 = 0 THEN hours_units + 2400 ELSE hours_units END",
        )
    } else {
        ("source_version", "hours_units")
    };
    let newer = COLUMNS.replace("source_version", version).replace("hours_units", hours);
    let older = COLUMNS.replace("source_version", "source_version - 1");
    let sql = format!(
        "\\copy (SELECT {newer} FROM training_record UNION ALL (SELECT {older} FROM training_record ORDER BY id LIMIT {stale})) TO '{}'",
        file.display()
    );
    let sql =
        sql.replace("CASE WHEN id % 20 = 0 THEN source_version + 1 ELSE source_version END - 1", "source_version - 1");
    run_psql(postgres, &["-c", &sql]);
    let shuffled = Command::new("shuf").arg(file).arg("-o").arg(file).status().unwrap();
    assert!(shuffled.success());
}

fn measure_peer(postgres: &Postgres, file: &Path) -> Cost {
    let set: Vec<String> = COLUMNS
        .split(',')
        .map(str::trim)
        .filter(|c| !["source_id", "stream", "record_key"].contains(c))
        .map(|c| format!("{c} = excluded.{c}"))
        .collect();
    let copy = format!("\\copy staging ({COLUMNS}) FROM '{}'", file.display());
    let merge = format!(
        "INSERT INTO peer ({COLUMNS}) SELECT DISTINCT ON (record_key, source_id, stream) {COLUMNS} FROM staging
         ORDER BY record_key, source_id, stream, source_version DESC, activation DESC, content_digest DESC
         ON CONFLICT (record_key, source_id, stream) DO UPDATE SET {}
         WHERE (excluded.source_version, excluded.activation, excluded.content_digest) > (peer.source_version, peer.activation, peer.content_digest)",
        set.join(", ")
    );
    run_psql(postgres, &["-c", "TRUNCATE staging"]);
    measure_command(postgres, psql_command(postgres, &["-c", &copy, "-c", &merge]))
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
    run_psql(
        postgres,
        &[
            "-c",
            "CREATE UNLOGGED TABLE staging (LIKE training_record)",
            "-c",
            "ALTER TABLE staging ALTER id DROP NOT NULL, ALTER flagged DROP NOT NULL",
            "-c",
            "CREATE TABLE peer (LIKE training_record INCLUDING DEFAULTS INCLUDING IDENTITY)",
            "-c",
            "ALTER TABLE peer ADD PRIMARY KEY (id), ADD UNIQUE (record_key, source_id, stream)",
            "-c",
            "CREATE INDEX peer_claim ON peer (claim_id)",
        ],
    );
    print_costs("first load", first, measure_peer(postgres, &file));
    let again = measure_ours(&house, &runtime, records, 0);
    print_costs("reload, nothing changed", again, measure_peer(postgres, &file));
    let changed = measure_ours(&house, &runtime, records, 5);
    write_peer_rows(&house, &file, stale, true);
    print_costs("reload, 5 % changed", changed, measure_peer(postgres, &file));
}
