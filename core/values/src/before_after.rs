//! A value before and after an act.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A value before and after an act.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BeforeAfterOf{T}")]
pub struct BeforeAfter<T> {
    /// Value before the act.
    pub before: T,
    /// Value after the act.
    pub after: T,
}

impl<T> BeforeAfter<T> {
    /// Makes a pair of the values before and after an act.
    pub fn new(before: T, after: T) -> Self {
        Self { before, after }
    }
}
