//! The texts of rules, from the settings or from the database: rule packs, crosswalk, matching weights and regions. Parses
//! them, and tells what a file is.

use huiliu_messages::said_in_english;
use serde::Serialize;

use crate::settings::{NamedText, Settings};
use huiliu_manifest::ManifestError;
use huiliu_matching::{Weights, WeightsError};
use huiliu_rules::policy::{Policy, PolicyError, RuleFile};
use huiliu_rules::roster::regions::Regions;
use huiliu_store::ledger::rule_sets::{ObjectKind, RuleObject};

/// Why the rules cannot be used.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum RuleFileError {
    /// A rule pack or the crosswalk is invalid.
    Policy(PolicyError),
    /// The matching weights are invalid.
    Weights(WeightsError),
    /// The reporting tree is invalid.
    Regions(ManifestError),
}

said_in_english!(RuleFileError);

impl From<PolicyError> for RuleFileError {
    fn from(fault: PolicyError) -> Self {
        Self::Policy(fault)
    }
}

impl From<WeightsError> for RuleFileError {
    fn from(fault: WeightsError) -> Self {
        Self::Weights(fault)
    }
}

impl From<ManifestError> for RuleFileError {
    fn from(fault: ManifestError) -> Self {
        Self::Regions(fault)
    }
}

/// The texts of a whole set of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTexts {
    /// The rule packs.
    pub packs: Vec<NamedText>,
    /// The course crosswalk.
    pub courses: NamedText,
    /// Weights and rules of matching.
    pub matching: NamedText,
    /// The reporting tree of regions.
    pub regions: NamedText,
}

/// A set of rules, parsed and checked.
#[derive(Debug, Clone)]
pub struct ParsedRules {
    /// Packs, crosswalk and weights.
    pub policy: Policy,
    /// The reporting tree.
    pub regions: Regions,
}

impl RuleTexts {
    /// Returns the texts that the settings name, built in where they name none.
    #[must_use]
    pub fn from_settings(settings: &Settings) -> Self {
        Self {
            packs: settings.packs.clone(),
            courses: settings.courses.clone(),
            matching: settings.matching.clone(),
            regions: settings.regions.clone(),
        }
    }

    /// Returns the texts of stored objects. A kind without an object keeps the text of the settings.
    #[must_use]
    pub fn from_objects(objects: &[RuleObject], settings: &Settings) -> Self {
        let mut texts = Self { packs: vec![], ..Self::from_settings(settings) };
        for object in objects {
            let text = NamedText {
                name: format!("{} {}", object.name, object.version),
                text: object.text.clone(),
                built_in: false,
            };
            match object.kind {
                ObjectKind::Pack => texts.packs.push(text),
                ObjectKind::Courses => texts.courses = text,
                ObjectKind::Matching => texts.matching = text,
                ObjectKind::Regions => texts.regions = text,
            }
        }
        texts
    }

    /// Parses and checks all texts together.
    ///
    /// # Errors
    /// [`RuleFileError`]: every fault of the weights, else every fault of packs and crosswalk, else of the regions, each
    /// with its line.
    pub fn parse(&self) -> Result<ParsedRules, RuleFileError> {
        let weights = Weights::from_toml(&self.matching.name, &self.matching.text)?;
        let policy = Policy { weights, ..parse_policy(&self.packs, &self.courses)? };
        Ok(ParsedRules { policy, regions: Regions::parse(&self.regions.name, &self.regions.text)? })
    }

    /// Returns all texts, each with its kind.
    pub fn list(&self) -> impl Iterator<Item = (ObjectKind, &NamedText)> {
        let packs = self.packs.iter().map(|pack| (ObjectKind::Pack, pack));
        packs.chain([
            (ObjectKind::Courses, &self.courses),
            (ObjectKind::Matching, &self.matching),
            (ObjectKind::Regions, &self.regions),
        ])
    }
}

/// Parses the rules of the settings: packs, crosswalk and matching weights.
///
/// # Errors
/// [`RuleFileError`]: every fault of the weights, else every fault of packs and crosswalk, each with its line.
pub fn load_policy(settings: &Settings) -> Result<Policy, RuleFileError> {
    let weights = Weights::from_toml(&settings.matching.name, &settings.matching.text)?;
    Ok(Policy { weights, ..parse_policy(&settings.packs, &settings.courses)? })
}

/// Parses rule packs and a crosswalk.
///
/// # Errors
/// [`PolicyError`]: every fault of every file, with its line.
pub fn parse_policy(packs: &[NamedText], courses: &NamedText) -> Result<Policy, PolicyError> {
    fn as_rule_file(named: &NamedText) -> RuleFile<'_> {
        RuleFile { name: &named.name, text: &named.text }
    }
    Policy::parse(&packs.iter().map(as_rule_file).collect::<Vec<_>>(), as_rule_file(courses))
}

/// Parses and checks the reporting tree of the settings.
///
/// # Errors
/// [`ManifestError`] with every fault, each with its line.
pub fn load_regions(settings: &Settings) -> Result<Regions, ManifestError> {
    Regions::parse(&settings.regions.name, &settings.regions.text)
}

/// What a file of rules says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileIdentity {
    /// What it is.
    pub kind: ObjectKind,
    /// The pack's name; otherwise the kind.
    pub name: String,
    /// The version that it states, if it states one.
    pub version: Option<i64>,
}

/// Tells by its tables what a file of rules is. Returns `None` for a text that is none, or that does not parse.
#[must_use]
pub fn identify_file(text: &str) -> Option<FileIdentity> {
    let table: toml::Table = text.parse().ok()?;
    let has = |key: &str| table.contains_key(key);
    let kind = match () {
        () if has("jurisdiction") || has("conversion") => ObjectKind::Pack,
        () if has("course") || has("theme") => ObjectKind::Courses,
        () if has("level") || has("thresholds") => ObjectKind::Matching,
        () if has("region") => ObjectKind::Regions,
        () => return None,
    };
    let name = match kind {
        ObjectKind::Pack => table.get("name")?.as_str()?.to_owned(),
        other => other.as_str().to_owned(),
    };
    Some(FileIdentity { kind, name, version: table.get("version").and_then(toml::Value::as_integer) })
}
