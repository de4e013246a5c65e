//! The key file, and the keys that seal and index.

pub mod key_file;
pub mod keyring;
pub mod keys;
