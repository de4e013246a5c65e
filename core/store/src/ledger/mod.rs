//! What the ledger is told, what it says, and who waits to be settled.

pub mod courses;
pub mod decisions;
pub mod entries;
pub mod facts;
pub mod marks;
pub mod trace;
