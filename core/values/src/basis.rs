//! On what a rule rests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// On what a rule rests; the weaker, the greater.
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
    /// Taken over from another named jurisdiction.
    Adopted,
    /// Nobody has stated it.
    Assumed,
}

impl Basis {
    /// The word used in files and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
