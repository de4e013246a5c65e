//! The key file, and the keys that seal and index.

pub mod keyring;
pub mod keys;
