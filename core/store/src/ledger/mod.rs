//! The ledger: facts about teachers, decisions, credit entries, and marks for settlement.

pub mod courses;
pub mod decisions;
pub mod entries;
pub mod facts;
pub mod marks;
pub mod trace;
