//! Intake: runs, landing, payloads, cursors, and leases on sources.

pub mod cursors;
pub mod expectations;
pub mod files;
pub mod landing;
pub mod layouts;
pub mod payloads;
pub mod pushed;
pub mod rate_limit;
pub mod runs;
pub mod source_lease;
pub mod stream_values;
pub mod unread;
