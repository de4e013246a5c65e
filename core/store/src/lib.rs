//! The store: the only crate with SQL. One set of statements serves SQLite and PostgreSQL.

pub mod admin;
pub mod delivery;
pub mod faults;
pub mod identity;
pub mod intake;
pub mod ledger;
pub mod roster;
pub mod settlement;
pub mod sql;

pub use sql::db::{Db, Tx};
pub use sql::error::{AddressError, ConnectError, Kept, RehearsalMisuse, SchemaError, StoreError, Unreadable};
pub use sql::lease::Lease;
pub use sql::rows::{Row, Rows, Value};
