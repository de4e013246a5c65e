//! What one side tells of a person, as it was written.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::profile::{DateOrder, Profile, Role};

/// Texts about one person, each with what it says. Personal data: it is kept sealed, and prints nothing of itself.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Told(Vec<(Role, String)>);

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Told({} texts, hidden)", self.0.len())
    }
}

impl Told {
    /// Adds a text; a blank one says nothing.
    pub fn add(&mut self, role: Role, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.0.push((role, text.to_owned()));
        }
    }

    /// The texts, in the order in which they were added.
    pub fn texts(&self) -> impl Iterator<Item = (Role, &str)> {
        self.0.iter().map(|(role, text)| (*role, text.as_str()))
    }

    /// It ready to be compared; a text that cannot be read says nothing.
    #[must_use]
    pub fn profile(&self) -> Profile {
        let mut profile = Profile::default();
        for (role, text) in self.texts() {
            profile.take(role, text, DateOrder::YearFirst);
        }
        profile
    }
}
