//! The only room that knows SQL. One set of statements for two databases; [`db`] hides where they differ.

pub mod books;
pub mod db;
pub mod entries;
pub mod load;
pub mod reports;
pub mod schema;

pub use db::{Db, Row, Rows, StoreFault, Tx, Value};
