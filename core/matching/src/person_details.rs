//! What one side says about a person, as it was written.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::profile::{DateOrder, Profile, Role};

/// Texts about one person, each with its role. Personal data: stored sealed, and its `Debug` shows no text.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonDetails(Vec<(Role, String)>);

impl fmt::Debug for PersonDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonDetails({} texts, hidden)", self.0.len())
    }
}

impl PersonDetails {
    /// Adds a text; blank texts are ignored.
    pub fn add_text(&mut self, role: Role, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.0.push((role, text.to_owned()));
        }
    }

    /// Returns the texts in the order in which they were added.
    pub fn texts(&self) -> impl Iterator<Item = (Role, &str)> {
        self.0.iter().map(|(role, text)| (*role, text.as_str()))
    }

    /// Prepares the texts for comparison; unreadable ones are left out.
    #[must_use]
    pub fn to_profile(&self) -> Profile {
        let mut profile = Profile::default();
        for (role, text) in self.texts() {
            profile.add_text(role, text, DateOrder::YearFirst);
        }
        profile
    }
}
