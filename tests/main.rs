//! The only integration-test binary. Tests run the real program, with real HTTP on loopback, a real SQLite file, and a
//! real PostgreSQL cluster that the test starts itself.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot go on must fail loudly; some send signals to their own workers"
)]

mod test_env;

mod assessed;
mod audit_end;
mod authoring;
mod bad_input;
mod causes;
mod clear;
mod cli;
mod connectors;
mod corrected;
mod corrections;
mod disk;
mod docs;
mod door;
mod extraction;
mod faults;
mod files;
mod hostile;
mod identity;
mod inbox;
mod inert;
mod infer;
mod institutions;
mod language;
mod layers;
mod listings;
mod mapping;
mod matching;
mod messages;
mod missing;
mod mutated;
mod newest;
mod notifications;
mod operations;
mod ops;
mod order;
mod payloads;
mod pipeline;
mod plans;
mod population;
mod promises;
mod queue;
mod record;
mod register;
mod repairs;
mod replay;
mod roster;
mod rule_versions;
mod rules;
mod senders;
mod settling;
mod suggestions;
mod terminal;
mod tidy;
mod tutorial;
mod upgrade;
mod values;
mod withdrawal;
mod workbooks;
