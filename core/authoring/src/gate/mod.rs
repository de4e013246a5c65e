//! What a connector must pass before it is taken into use.

pub mod law;
pub mod outcomes;
pub mod package;
pub mod played;
pub mod proxy;
pub mod trial;
pub mod variants;
