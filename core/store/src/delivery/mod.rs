//! Delivery: leases on batches, classification, loads, dead letters and their replay.

pub(crate) mod addresses;
pub mod batch;
pub mod batches;
pub mod classify;
pub mod commit;
pub mod confirm;
mod copies;
pub mod dead_letters;
pub(crate) mod due_letters;
pub mod finish;
pub mod kept_parts;
pub mod known;
pub mod load;
pub mod missing;
pub(crate) mod notices;
mod offerings;
pub mod persons;
pub mod rekey;
pub mod repeat;
pub mod replays;
pub(crate) mod seen_keys;
pub mod successors;
pub(crate) mod ties;
pub mod upload_plans;
pub mod verdict;
pub mod versioned;
pub mod wholes;
