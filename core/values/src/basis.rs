//! The kind of source that a rule rests on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// The kind of source that a rule rests on, strongest first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Basis {
    /// Quoted from the document named in `source`.
    Stated,
    /// Adopted from another named jurisdiction.
    Adopted,
    /// Assumed, because no document states it.
    Assumed,
}

impl Basis {
    /// Returns the word used in files and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
