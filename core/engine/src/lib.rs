//! The life of a record, and every operation that a user can run.
//!
//! A record passes through [`ingest`], [`deliver`] and [`settle`]. [`sweep`] picks up batches whose queue message was
//! lost.
//! Everything a user can do or ask is in [`operations`].

pub mod settings;
pub mod settings_problem;

pub mod active_rules;
mod audit_heads;
pub mod database;
pub mod manifests;
pub mod program;
pub mod registry;
pub mod rule_files;
pub mod rule_seed;
pub mod runtime;

pub mod operations;

mod closing;
mod conflicts;
mod contract;
mod correction_sheet;
mod corrections;
pub mod deliver;
pub mod deliver_group;
mod discreet;
pub mod disk_room;
pub mod evidence;
pub mod expect;
mod file_plan;
pub mod ingest;
mod ingest_files;
mod kept_parts;
pub mod landing;
mod lease;
mod log_event;
mod manifest_digests;
mod missing;
pub mod notifications;
mod protected_zip;
pub mod rate_limit;
mod raw_record;
pub mod reason_codes;
pub mod recount;
pub mod rekey;
pub mod replay;
pub mod resume;
mod run_note;
pub mod schedule;
pub mod settle;
pub mod source_check;
mod source_secrets;
pub mod sources;
pub mod sweep;
pub mod upload_plan;
pub mod verify;
