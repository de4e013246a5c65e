//! Duplicates of the labelled population: `cargo bench --bench population -- [TEACHERS] [SEED]`.
//!
//! The roster and the training of a generated province are handed in as files, with valid ID numbers, into a throw-away
//! PostgreSQL, and settled. Then the ledger is compared with the truth: duplicates found and missed, teachers credited with
//! another's hours, people with other hours than the truth's. All but the first two must be 0.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that cannot go on must fail loudly")]

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
    let mut house = House::new(On::Sqlite);
    house.postgres = Some(Postgres::start_with(SETTINGS));
    let labelled = Labelled::write(&house, Training::new(Population::new(seed, teachers), 0));
    println!("seed {seed}: {:?}; PostgreSQL: {SETTINGS}", labelled.credit);
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
}
