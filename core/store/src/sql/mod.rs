//! One set of statements for two databases. [`db`] hides the differences.

pub mod attached;
pub mod db;
mod dialect;
mod durability;
pub mod error;
pub mod lease;
pub mod migrations;
mod pooled;
pub mod promises;
pub mod rehearsal;
pub mod rows;
pub mod schema;
pub mod text_guard;
