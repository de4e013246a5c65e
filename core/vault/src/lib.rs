//! The key file, and the keys for sealing and indexing.

pub mod key_file;
pub mod keyring;
pub mod keys;
