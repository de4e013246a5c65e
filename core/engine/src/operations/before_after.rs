//! A value before and after an act.

pub use huiliu_values::BeforeAfter;
