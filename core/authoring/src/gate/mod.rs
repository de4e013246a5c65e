//! The gate that a connector must pass before it is used.

pub mod difference;
mod keys;
pub mod law;
pub mod outcomes;
pub mod package;
pub mod played;
pub mod proxy;
pub mod questions;
pub mod refusal;
pub mod trial;
pub mod variants;
