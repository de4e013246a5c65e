//! The ledger: facts about teachers, decisions, credit entries, rules in force, and marks for settlement.

pub mod compare;
pub mod courses;
pub mod decisions;
pub mod entries;
pub mod facts;
pub mod fence;
pub mod groups;
pub mod marks;
pub mod missing;
pub mod rule_sets;
pub mod status;
pub mod trace;
pub mod verified;
