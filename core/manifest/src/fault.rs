//! What is wrong with a manifest: every fault at its place, all of them at once.

use std::fmt;

use thiserror::Error;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// It is no TOML.
    #[error("{0}")]
    Syntax(String),
    /// A key that the language does not have here.
    #[error("there is no key {key:?} here{}; allowed: {allowed}", meant(nearest))]
    UnknownKey {
        /// As written.
        key: String,
        /// The allowed key that is written most like it.
        nearest: Option<String>,
        /// All that are allowed.
        allowed: String,
    },
    /// A word that is none of those allowed.
    #[error("{word:?} is not allowed here{}; allowed: {allowed}", meant(nearest))]
    UnknownWord {
        /// As written.
        word: String,
        /// The allowed word that is written most like it.
        nearest: Option<String>,
        /// All that are allowed.
        allowed: String,
    },
    /// A key that must be there.
    #[error("the key {key} is missing: {what}")]
    Missing {
        /// The key.
        key: String,
        /// What it means.
        what: String,
    },
    /// A value of another type.
    #[error("{expected} is expected, and {found} is given")]
    Type {
        /// What is expected.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A number out of its bounds.
    #[error("{found} is out of bounds: from {least} to {most}")]
    Bounds {
        /// As written.
        found: String,
        /// The least allowed.
        least: u64,
        /// The most allowed.
        most: u64,
    },
    /// It is well-formed and cannot work.
    #[error("{0}")]
    Rule(String),
}

fn meant(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |word| format!(" (did you mean {word:?}?)"))
}

/// One fault at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Dotted place, as `stream.1.map.hours`.
    pub place: String,
    /// What is wrong.
    pub problem: Problem,
}

/// Everything that is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct ManifestFault {
    /// The manifest's file name.
    pub file: String,
    /// In the order of the text; never empty.
    pub faults: Vec<Fault>,
}

impl fmt::Display for ManifestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, fault) in self.faults.iter().enumerate() {
            let Fault { line, column, place, problem } = fault;
            let (newline, colon) = (if nth == 0 { "" } else { "\n" }, if place.is_empty() { "" } else { ": " });
            write!(f, "{newline}{}:{line}:{column}: {place}{colon}{problem}", self.file)?;
        }
        Ok(())
    }
}

/// The word of a list that is written most like another, if it is like it at all.
#[must_use]
pub fn nearest<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let alike = |known: &&str| {
        let distance = strsim::osa_distance(&word.to_lowercase(), &known.to_lowercase());
        (distance <= 1 + known.chars().count() / 4).then_some(distance)
    };
    words.into_iter().filter_map(|known| Some((alike(&known)?, known))).min().map(|(_, known)| known)
}
