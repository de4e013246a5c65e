//! The only room that knows SQL. One set of statements for two databases; [`db`] hides where they differ.

pub mod audit;
pub mod batches;
pub mod books;
pub mod classify;
pub mod courses;
pub mod cursors;
pub mod decisions;
mod dialect;
pub mod entries;
pub mod expectations;
pub mod facts;
pub mod figures;
mod identifiers;
pub mod identity;
pub mod letters;
pub mod load;
pub mod marks;
pub mod pace;
pub mod payloads;
pub mod people;
pub mod plans;
pub mod pushed;
pub mod registry;
pub mod repeat;
pub mod replays;
pub mod reports;
pub mod roster;
pub mod schema;
pub mod sealing;
pub mod sources;
pub mod story;
pub mod turns;

pub mod db;
pub mod rehearsal;
pub mod rows;

pub use db::{Db, StoreFault, Tx};
pub use rows::{Row, Rows, Value};
