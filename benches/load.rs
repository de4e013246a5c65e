//! Huiliu against the physical limit, side by side: `cargo bench --bench load -- [RECORDS] [CONNECTOR…]`.
//!
//! Ours: sandbox JSON, XML and CSV over HTTP and files into a throw-away PostgreSQL, landing, sealing and settling included.
//! Peer: `psql` COPY of the same normalised rows into an unlogged staging table and one merge into a logged table (newest
//! wins; unique key record_key, source_id, stream; secondary index claim_id). CPU is client + server, checkpoint included;
//! the sandbox is left out.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement prints what it finds, and fails loudly when it cannot go on"
)]

#[path = "../tests/house.rs"]
#[allow(dead_code, reason = "the bench uses a part of the tests' house")]
mod house;
#[path = "machine.rs"]
mod machine;

use std::path::Path;
use std::process::Command;

use house::{House, On, Postgres};
use huiliu_sandbox::{Options, SECRET, Sandbox};
use machine::{Cost, SETTINGS, measured, psql, psql_command, sources};

const COLUMNS: &str = "institution_id, source_id, stream, record_key, kind, claim_id, source_version, activation, content_digest, \
    school_code, project_code, project_title, category_code, course_code, course_title, canonical_course, role, mode, delivery_code, \
    required, place, period_start, period_end, raw_hours, hours_unit, hours_units, certificate_number, pass_state, \
    manifest_version, batch_id, address";

fn ours(house: &House, runtime: &tokio::runtime::Runtime, records: u64, changed_percent: u8) -> Cost {
    let options = Options { seed: 1, records, faults: false, changed_percent };
    let drop_dir = house.dir.0.join(format!("drop-{changed_percent}"));
    let sandbox = runtime.block_on(Sandbox::start(options, &drop_dir)).unwrap();
    let config = house.dir.0.join("huiliu.toml");
    sources(&sandbox, &drop_dir, &config);
    let mut command = house.command(&["sync", "--all", "--full", "--config", config.to_str().unwrap()]);
    command.env("SANDBOX_SECRET", SECRET);
    let cost = measured(house.postgres.as_ref().unwrap(), command);
    runtime.block_on(sandbox.stop());
    cost
}

/// The rows the peer copies: those held, and one older version of as many as were superseded, in no order.
fn peer_rows(house: &House, file: &Path, stale: i64, changed: bool) {
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
    psql(postgres, &["-c", &sql]);
    let shuffled = Command::new("shuf").arg(file).arg("-o").arg(file).status().unwrap();
    assert!(shuffled.success());
}

fn peer(postgres: &Postgres, file: &Path) -> Cost {
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
    psql(postgres, &["-c", "TRUNCATE staging"]);
    measured(postgres, psql_command(postgres, &["-c", &copy, "-c", &merge]))
}

fn line(name: &str, ours: Cost, peer: Cost) {
    println!(
        "{name:<24} ours {:>6.2} s CPU ({:.2} client + {:.2} server), {:>6.2} s wall, {:>5.0} MiB | COPY + merge {:>6.2} s CPU, {:>6.2} s wall | ratio {:.2}",
        ours.cpu(),
        ours.client,
        ours.server,
        ours.wall,
        ours.peak_mib,
        peer.cpu(),
        peer.wall,
        ours.cpu() / peer.cpu()
    );
}

fn main() {
    let records = std::env::args().skip(1).find_map(|a| a.parse::<u64>().ok()).unwrap_or(300_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut house = House::new(On::Sqlite);
    house.postgres = Some(Postgres::start_with(SETTINGS));
    assert!(house.run(&["migrate"]).status.success());
    let postgres = house.postgres.as_ref().unwrap();
    println!("{records} records; PostgreSQL: {SETTINGS}");
    let first = ours(&house, &runtime, records, 0);
    let file = house.dir.0.join("rows");
    let books = house.json(&["balance", "--json"]);
    assert_eq!((&books["balanced"], &books["complete"]), (&true.into(), &true.into()), "{books}");
    let stale = books["superseded"].as_i64().unwrap()
        + books["updated"].as_i64().unwrap()
        + books["unchanged"].as_i64().unwrap();
    peer_rows(&house, &file, stale, false);
    psql(
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
    line("first load", first, peer(postgres, &file));
    let again = ours(&house, &runtime, records, 0);
    line("reload, nothing changed", again, peer(postgres, &file));
    let changed = ours(&house, &runtime, records, 5);
    peer_rows(&house, &file, stale, true);
    line("reload, 5 % changed", changed, peer(postgres, &file));
}
