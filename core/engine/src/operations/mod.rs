//! Operations: everything a user can do or ask, each as one typed function.
//!
//! A face (the command line, an HTTP interface, a console) parses, calls one operation and renders the result. An
//! operation that changes something takes an [`Act`] (who and why) and writes the audit entry in its own transaction.
//! Queries return values that serialize to JSON without changes; listings return a [`Page`]. A failure is an
//! [`OperationError`] with a stable code.

mod act;
mod answer_trial;
pub mod audit;
pub mod authoring;
pub mod authoring_error;
pub mod batches;
mod before_after;
pub mod connector_versions;
pub mod connectors;
pub mod corrected;
pub mod correction_sheets;
pub mod corrections;
pub mod courses;
pub mod cursors;
pub mod dead_letters;
pub mod decisions;
pub mod doctor;
mod error;
pub mod files;
pub mod filters;
pub mod handed_sheets;
pub mod health;
pub mod identity;
pub mod inbox;
pub mod infer;
pub mod landed_sheets;
mod laws;
pub mod maintenance;
pub mod mapped_values;
pub mod matching;
pub mod missing;
pub mod notifications;
mod page;
pub mod payloads;
pub mod preview;
pub mod push;
pub mod record_sample;
pub mod records;
pub mod regions;
mod registry_access;
pub mod replays;
pub mod restore;
pub mod roster;
mod rule_change;
pub mod rule_versions;
pub mod rules;
pub mod runs;
mod sample_writing;
pub mod schedules;
pub mod schemas;
pub mod schools;
pub mod secrets;
pub mod source_registration;
pub mod sources;
pub mod suggestions;
pub mod sync;
pub mod teachers;
pub mod upload;
pub mod verify;

pub use act::Act;
pub use before_after::BeforeAfter;
pub use error::{NotFound, OperationError};
pub use page::{Page, Span};
pub use registry_access::RegistryAccess;
pub use rule_change::{ChangeOptions, RuleChange};
