//! Reads files: dropped into a folder, downloaded, in a bucket, or handed in.

pub mod bucket;
pub mod download;
pub mod folder;
pub mod handed;
pub(crate) mod names;
pub mod page;

pub use folder::MAX_BYTES as MAX_FILE_BYTES;
