//! What comes in: runs, payloads, cursors, and whose turn it is to read a source.

pub mod cursors;
pub mod expectations;
pub mod payloads;
pub mod pushed;
pub mod rate_limit;
pub mod runs;
pub mod source_lease;
