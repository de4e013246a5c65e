//! Duplicates and identity of the labelled population: `cargo bench --bench population -- [TEACHERS] [SEED] [DAMAGED]`.
//!
//! The roster and the training of a generated province are handed in as files into a throw-away PostgreSQL, and settled; of
//! DAMAGED per cent of the records (0 without it) name or number are damaged, and the sources are then known by anything they
//! tell. The ledger is compared with the truth: duplicates found and missed, teachers credited with another's hours, records
//! for whom the right teacher is found. Nobody must be credited with another's; without damage nobody has other hours.
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
#[path = "../tests/population/labelled.rs"]
mod labelled;
#[path = "machine.rs"]
mod machine;

use house::{House, On, Postgres};
use huiliu_sandbox::population::{JILIN, Population, Training};
use labelled::Labelled;
use machine::{SETTINGS, measured};

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|a| a.parse::<u64>().ok());
    let (teachers, seed) = (numbers.next().unwrap_or(JILIN), numbers.next().unwrap_or(1));
    let damaged = u8::try_from(numbers.next().unwrap_or(0)).unwrap();
    let mut house = House::new(On::Sqlite);
    house.postgres = Some(Postgres::start_with(SETTINGS));
    let labelled = Labelled::write(&house, Training::new(Population::new(seed, teachers), damaged), damaged > 0);
    println!("seed {seed}, {damaged} % damaged: {:?}; PostgreSQL: {SETTINGS}", labelled.credit);
    for sources in [["sync", "roster"], ["sync", "--all"]] {
        let mut command = house.command(&sources);
        command.args(["--config", &labelled.config]);
        let cost = measured(house.postgres.as_ref().unwrap(), command);
        println!("{:<12} {:>7.2} s CPU, {:>6.2} s wall, {:>4.0} MiB", sources[1], cost.cpu(), cost.wall, cost.peak_mib);
    }
    let books = house.json(&["balance", "--json", "--config", &labelled.config]);
    let told = labelled.compare(&house);
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
