//! The gate that a connector must pass before it is used.

pub mod difference;
pub mod law;
pub mod outcomes;
pub mod package;
pub mod played;
pub mod proxy;
pub mod trial;
pub mod variants;
