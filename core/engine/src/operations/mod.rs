//! Operations: every act and every question of a user, as one typed function.
//!
//! A face (the command line, an HTTP interface, a console) parses, calls one operation, and renders what it gives. An act
//! takes an [`Act`]: who, and why; its audit entry is written in its own transaction. Questions give values that are told as
//! JSON as they are; lists give a [`Page`]. What goes wrong is an [`OperationError`], with a stable code.

mod act;
pub mod audit;
pub mod batches;
pub mod dead_letters;
mod error;
mod page;
pub mod records;
pub mod runs;

pub use act::Act;
pub use error::{NotFound, OperationError};
pub use page::{Page, Span};
