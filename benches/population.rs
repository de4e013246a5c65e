//! Measures duplicates and identity on the labelled population: `cargo bench --bench population -- [TEACHERS] [SEED]
//! [DAMAGED]`.
//!
//! The roster and the training of a generated province are loaded as files into a throw-away PostgreSQL and settled. In
//! DAMAGED per cent of the records (default 0) the name or ID number is damaged, and then the sources may identify
//! people by any field. The ledger is compared with the truth: duplicates found and missed, teachers credited with
//! another person's hours, and records whose right teacher is found. No teacher may be credited with another's hours;
//! without damage, all hours must be right.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement prints what it finds, and fails loudly when it cannot go on"
)]

#[path = "../tests/population/labelled.rs"]
mod labelled;
#[path = "machine.rs"]
mod machine;
#[path = "../tests/test_env.rs"]
#[allow(dead_code, reason = "the bench uses a part of the tests' house")]
mod test_env;

use huiliu_sandbox::population::{JILIN, Population, Training};
use labelled::Labelled;
use machine::{SETTINGS, measure_command};
use test_env::{Postgres, Services, TestEnv};

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|a| a.parse::<u64>().ok());
    let (teachers, seed) = (numbers.next().unwrap_or(JILIN), numbers.next().unwrap_or(1));
    let damaged = u8::try_from(numbers.next().unwrap_or(0)).unwrap();
    let mut house = TestEnv::new(Services::Sqlite);
    house.postgres = Some(Postgres::start_with(SETTINGS));
    let labelled = Labelled::write_files(&house, Training::new(Population::new(seed, teachers), damaged), damaged > 0);
    println!("seed {seed}, {damaged} % damaged: {:?}; PostgreSQL: {SETTINGS}", labelled.credit);
    for sources in [["sync", "roster"], ["sync", "--all"]] {
        let mut command = house.command(&sources);
        command.args(["--config", &labelled.config]);
        let cost = measure_command(house.postgres.as_ref().unwrap(), command);
        println!(
            "{:<12} {:>7.2} s CPU, {:>6.2} s wall, {:>4.0} MiB",
            sources[1],
            cost.total_cpu(),
            cost.wall,
            cost.peak_mib
        );
    }
    let books = house.run_json(&["balance", "--json", "--config", &labelled.config]);
    let told = labelled.compare_with_truth(&house);
    let per_cent = |part: usize, whole: usize| part as f64 * 100.0 / whole.max(1) as f64;
    println!("balanced {}, complete {}, parked {}", books["balanced"], books["complete"], books["parked"]);
    println!("records {}, entries {}, of another outcome {}", told.records, told.entries, told.other_outcome);
    println!("duplicates: {} labelled, {} told, {} right", told.labelled, told.told, told.right);
    println!("precision            {:>8.3} %", per_cent(told.right, told.told));
    println!("recall               {:>8.3} %", per_cent(told.right, told.labelled));
    println!("wrongly credited     {:>8} teachers", told.wrongly_credited);
    println!("other hours          {:>8} people", told.other_hours);
    println!("of {} records about the roster {} are found, {} definite", told.on_roster, told.found, told.definite);
    println!("found                {:>8.3} %", per_cent(told.found, told.on_roster));
}
