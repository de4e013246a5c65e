//! Parses the rule packs, the crosswalk, the matching weights and the reporting tree from the texts of the settings.

use huiliu_messages::said_in_english;
use serde::Serialize;

use crate::settings::{NamedText, Settings};
use huiliu_manifest::ManifestError;
use huiliu_matching::{Weights, WeightsError};
use huiliu_rules::policy::{Policy, PolicyError, RuleFile};
use huiliu_rules::roster::regions::Regions;

/// Why the rules cannot be used.
#[derive(Debug, Serialize)]
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
