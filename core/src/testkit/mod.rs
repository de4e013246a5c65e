//! Conformance: what every connector, every store and every queue must do, run over each of them.

mod connector;
mod proxy;
mod queue;
pub mod rehearsal;
mod samples;
mod store;
pub mod variants;

pub use connector::{Make, exercise_connector};
pub use queue::exercise_queue;
pub use samples::{differences, outcomes};
pub use store::exercise_store;

/// A law that does not hold, in words.
pub type Broken = String;

fn law(holds: bool, words: impl Into<String>) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(words.into()) }
}

fn broken(e: impl std::fmt::Display) -> Broken {
    e.to_string()
}
