//! Faults in a rule pack or course file, each with its place.

use huiliu_messages::{TomlError, said_in_english};
use serde::{Serialize, Serializer};

use crate::policy::problem::PolicyProblem;

/// One fault in a file of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    /// The file's name, as given to the loader.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// Name of the rule; empty if the fault concerns the whole file.
    pub rule: String,
    /// What is wrong.
    pub why: PolicyProblem,
}

/// All faults of a set of rule files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError(pub Vec<RuleError>);

said_in_english!(PolicyError);

/// The faults in serialisable form.
#[derive(Serialize)]
#[serde(tag = "code")]
enum FaultMessage<'f> {
    /// All faults.
    #[serde(rename = "policy.faults")]
    All { lines: Vec<FaultMessage<'f>> },
    /// A fault of a whole file.
    #[serde(rename = "policy.fault")]
    Whole { file: &'f str, line: usize, why: &'f PolicyProblem },
    /// A fault of one rule.
    #[serde(rename = "policy.fault_of")]
    Of { file: &'f str, line: usize, rule: &'f str, why: &'f PolicyProblem },
}

impl Serialize for PolicyError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FaultMessage::All { lines: self.0.iter().map(RuleError::to_message).collect() }.serialize(serializer)
    }
}

impl RuleError {
    fn to_message(&self) -> FaultMessage<'_> {
        let Self { file, line, rule, why } = self;
        match rule.as_str() {
            "" => FaultMessage::Whole { file, line: *line, why },
            rule => FaultMessage::Of { file, line: *line, rule, why },
        }
    }
}

/// A rule pack or a course file.
#[derive(Debug, Clone, Copy)]
pub struct RuleFile<'t> {
    /// Its name in messages: a path, or the name of a built-in pack.
    pub name: &'t str,
    /// Its content (TOML).
    pub text: &'t str,
}

/// A file while it is read, and the faults found so far.
#[derive(Debug)]
pub(super) struct Reading<'t> {
    file: RuleFile<'t>,
    pub(super) faults: Vec<RuleError>,
}

impl<'t> Reading<'t> {
    pub(super) fn new(file: RuleFile<'t>) -> Self {
        Self { file, faults: vec![] }
    }

    /// Parses the file's TOML; a syntax error is added to the faults.
    pub(super) fn parse_toml<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        toml::from_str(self.file.text)
            .map_err(|e| {
                let at = e.span().map_or(0, |span| span.start);
                self.add_fault(at, "", PolicyProblem::Syntax { why: TomlError::from_parser_message(e.message()) });
            })
            .ok()
    }

    /// Adds a fault at a byte offset of the file.
    pub(super) fn add_fault(&mut self, at: usize, rule: &str, why: PolicyProblem) {
        let line = self.file.text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1;
        self.faults.push(RuleError { file: self.file.name.to_owned(), line, rule: rule.to_owned(), why });
    }
}
