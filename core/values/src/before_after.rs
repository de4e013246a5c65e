//! What something is before an act, and after it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What something is before an act, and after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BeforeAfterOf{T}")]
pub struct BeforeAfter<T> {
    /// Before.
    pub before: T,
    /// After.
    pub after: T,
}

impl<T> BeforeAfter<T> {
    /// Before and after.
    pub fn new(before: T, after: T) -> Self {
        Self { before, after }
    }
}
