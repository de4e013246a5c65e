//! Rule packs, crosswalk, weights and the reporting tree, read from the texts of the settings.

use huiliu_messages::said_in_english;
use serde::Serialize;

use crate::settings::{NamedText, Settings};
use huiliu_manifest::ManifestError;
use huiliu_matching::{Weights, WeightsError};
use huiliu_rules::policy::{Policy, PolicyError, RuleFile};
use huiliu_rules::roster::regions::Regions;

/// Why rules cannot be used.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum RuleFileError {
    /// Packs or crosswalk.
    Policy(PolicyError),
    /// Weights of matching.
    Weights(WeightsError),
    /// The reporting tree.
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

/// The rules of the settings.
///
/// # Errors
/// [`RuleFileError`]: every fault of every file, with its line.
pub fn policy(settings: &Settings) -> Result<Policy, RuleFileError> {
    let weights = Weights::read(&settings.matching.name, &settings.matching.text)?;
    Ok(Policy { weights, ..read_policy(&settings.packs, &settings.courses)? })
}

/// Rule packs and a crosswalk.
///
/// # Errors
/// [`PolicyError`]: every fault of every file, with its line.
pub fn read_policy(packs: &[NamedText], courses: &NamedText) -> Result<Policy, PolicyError> {
    fn file(named: &NamedText) -> RuleFile<'_> {
        RuleFile { name: &named.name, text: &named.text }
    }
    Policy::parse(&packs.iter().map(file).collect::<Vec<_>>(), file(courses))
}

/// The reporting tree of the settings, checked.
///
/// # Errors
/// [`ManifestError`]: every fault, at its line.
pub fn regions(settings: &Settings) -> Result<Regions, ManifestError> {
    Regions::parse(&settings.regions.name, &settings.regions.text)
}
