//! Reaches platforms: the connector trait, and connectors described by a manifest alone.

pub mod channels;
pub mod connector;
pub mod endpoint;
pub mod failure;
pub mod file_store;
mod log_event;

pub mod client;
mod cursor_text;
mod cursors;
pub mod files;
pub mod from_manifest;
pub mod http;
mod pull;
pub mod push_auth;
pub mod push_spool;
pub mod shipped;

pub use client::Client;
pub use connector::{Connector, Days, Page, RateLimiter};
pub use cursor_text::{read_cursor, write_cursor};
pub use cursors::{Counted, begins_listing, check_cursor, counted, missed_records};
pub use endpoint::Endpoint;
pub use failure::{Cause, CursorFormatError, Failure, PlatformWords};
pub use file_store::{FileListing, FileStore, LeftOut, LeftOutFile, ListedFile};
pub use from_manifest::from_manifest;
pub use http::web::{fetch_sample, post_note};
pub use pull::cursor::Shortfall;
