//! Rule packs, crosswalk, weights and the reporting tree, read from the texts of the settings.

use huiliu_messages::said_in_english;
use serde::Serialize;

use crate::settings::{NamedText, Settings};
use huiliu_manifest::ManifestFault;
use huiliu_matching::{Weights, WeightsFault};
use huiliu_rules::policy::{Policy, PolicyFault, RuleFile};
use huiliu_rules::roster::regions::Regions;

/// Why rules cannot be used.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum RuleFileError {
    /// Packs or crosswalk.
    Policy(PolicyFault),
    /// Weights of matching.
    Weights(WeightsFault),
    /// The reporting tree.
    Regions(ManifestFault),
}

said_in_english!(RuleFileError);

impl From<PolicyFault> for RuleFileError {
    fn from(fault: PolicyFault) -> Self {
        Self::Policy(fault)
    }
}

impl From<WeightsFault> for RuleFileError {
    fn from(fault: WeightsFault) -> Self {
        Self::Weights(fault)
    }
}

impl From<ManifestFault> for RuleFileError {
    fn from(fault: ManifestFault) -> Self {
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
/// [`PolicyFault`]: every fault of every file, with its line.
pub fn read_policy(packs: &[NamedText], courses: &NamedText) -> Result<Policy, PolicyFault> {
    fn file(named: &NamedText) -> RuleFile<'_> {
        RuleFile { name: &named.name, text: &named.text }
    }
    Policy::parse(&packs.iter().map(file).collect::<Vec<_>>(), file(courses))
}

/// The reporting tree of the settings, checked.
///
/// # Errors
/// [`ManifestFault`]: every fault, at its line.
pub fn regions(settings: &Settings) -> Result<Regions, ManifestFault> {
    Regions::parse(&settings.regions.name, &settings.regions.text)
}
