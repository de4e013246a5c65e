//! On what a rule rests.

use serde::Deserialize;

/// On what a rule rests; the weaker, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
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
        match self {
            Self::Stated => "stated",
            Self::Adopted => "adopted",
            Self::Assumed => "assumed",
        }
    }
}
