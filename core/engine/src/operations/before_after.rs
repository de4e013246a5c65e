//! What something is before an act, and after it.

pub use huiliu_values::BeforeAfter;
