//! What is wrong with a rule pack or a course file, each fault at its place.

use huiliu_messages::{TomlError, said_in_english};
use serde::{Serialize, Serializer};

use crate::policy::problem::PolicyProblem;

/// One thing that is wrong in a file of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    /// The file as named to the loader.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// Which rule; empty where the file does not parse.
    pub rule: String,
    /// What is expected of it.
    pub why: PolicyProblem,
}

/// All that is wrong with files of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError(pub Vec<RuleError>);

said_in_english!(PolicyError);

/// The faults as a message.
#[derive(Serialize)]
#[serde(tag = "code")]
enum Told<'f> {
    /// All of them.
    #[serde(rename = "policy.faults")]
    All { lines: Vec<Told<'f>> },
    /// One of a whole file.
    #[serde(rename = "policy.fault")]
    Whole { file: &'f str, line: usize, why: &'f PolicyProblem },
    /// One of a rule.
    #[serde(rename = "policy.fault_of")]
    Of { file: &'f str, line: usize, rule: &'f str, why: &'f PolicyProblem },
}

impl Serialize for PolicyError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Told::All { lines: self.0.iter().map(RuleError::told).collect() }.serialize(serializer)
    }
}

impl RuleError {
    fn told(&self) -> Told<'_> {
        let Self { file, line, rule, why } = self;
        match rule.as_str() {
            "" => Told::Whole { file, line: *line, why },
            rule => Told::Of { file, line: *line, rule, why },
        }
    }
}

/// A rule pack or a course file.
#[derive(Debug, Clone, Copy)]
pub struct RuleFile<'t> {
    /// What it is called in a fault: a path, or the name of a built-in pack.
    pub name: &'t str,
    /// Its TOML.
    pub text: &'t str,
}

/// A file while it is read, and what was found wrong.
#[derive(Debug)]
pub(super) struct Reading<'t> {
    file: RuleFile<'t>,
    pub(super) faults: Vec<RuleError>,
}

impl<'t> Reading<'t> {
    pub(super) fn new(file: RuleFile<'t>) -> Self {
        Self { file, faults: vec![] }
    }

    /// Parses the file's TOML.
    pub(super) fn parse<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        toml::from_str(self.file.text)
            .map_err(|e| {
                let at = e.span().map_or(0, |span| span.start);
                self.fault(at, "", PolicyProblem::Syntax { why: TomlError::of(e.message()) });
            })
            .ok()
    }

    /// Notes a fault at a byte of the file.
    pub(super) fn fault(&mut self, at: usize, rule: &str, why: PolicyProblem) {
        let line = self.file.text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1;
        self.faults.push(RuleError { file: self.file.name.to_owned(), line, rule: rule.to_owned(), why });
    }
}
