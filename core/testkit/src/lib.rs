//! Conformance tests that run against every connector, every store and every queue.

mod connector;
mod queue;
mod store;

pub use connector::{Make, exercise_connector};
pub use queue::exercise_queue;
pub use store::exercise_store;

pub use huiliu_authoring::gate::law::Broken;
