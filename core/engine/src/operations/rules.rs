//! The rule packs in use, what they leave open, whether packs can be used, and whose hours other ones would change.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::{NotFound, OperationError};
use super::page::Page;
use crate::database::OpenDatabase;
use crate::recount::{self, Change, Totals};
use crate::rule_files::{self, RuleFileError};
use crate::settings::{NamedText, Settings};
use huiliu_messages::Wording;
use huiliu_rules::policy::settings::{QUESTIONS, Question};
use huiliu_rules::policy::{Pack, Policy, Rule};
use huiliu_values::{Basis, BeforeAfter};

/// A rule pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PackShown {
    /// Its name.
    pub pack: String,
    /// Its version.
    pub version: u32,
    /// Its title.
    pub title: String,
    /// The jurisdiction it is of.
    pub jurisdiction: String,
    /// It is for records that end on this day or later.
    pub from: NaiveDate,
    /// And on this day or earlier.
    pub to: NaiveDate,
    /// Rules that are quoted from a document.
    pub stated: usize,
    /// Rules that are another jurisdiction's.
    pub adopted: usize,
    /// Rules that nobody has stated.
    pub assumed: usize,
}

impl PackShown {
    fn of(pack: &Pack, rules: &[Rule]) -> Self {
        let count = |basis| rules.iter().filter(|rule| rule.pack == pack.name && rule.basis == basis).count();
        Self {
            pack: pack.name.clone(),
            version: pack.version,
            title: pack.title.clone(),
            jurisdiction: pack.jurisdiction.clone(),
            from: pack.from,
            to: pack.to,
            stated: count(Basis::Stated),
            adopted: count(Basis::Adopted),
            assumed: count(Basis::Assumed),
        }
    }
}

/// The packs in use.
///
/// # Errors
/// [`OperationError::Rules`].
pub fn list(settings: &Settings) -> Result<Page<PackShown>, OperationError> {
    let policy = rule_files::policy(settings)?;
    Ok(Page::whole(policy.packs.iter().map(|pack| PackShown::of(pack, &policy.rules)).collect()))
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleShown {
    /// The pack it stands in.
    pub pack: String,
    /// That pack's version.
    pub version: u32,
    /// `conversion.minute`, `pass_gate`, `cap.year`, `setting.band_edge` …
    pub rule: String,
    /// The unit, of a conversion.
    pub unit: Option<String>,
    /// Units of 1/108,000 class hour per one of the unit, of a conversion.
    pub units_per_one: Option<i64>,
    /// On what it rests: `stated`, `adopted`, `assumed`.
    pub basis: Basis,
    /// Where it is written, or why it is assumed.
    pub source: Wording,
}

impl RuleShown {
    fn of(rule: Rule) -> Self {
        let Rule { pack, version, name, unit, units_per_one, basis, source } = rule;
        Self { pack, version, rule: name, unit, units_per_one, basis, source }
    }
}

/// Every rule, or those of one pack.
///
/// # Errors
/// [`OperationError::NotFound`], [`OperationError::Rules`].
pub fn show(settings: &Settings, pack: Option<&str>) -> Result<Page<RuleShown>, OperationError> {
    let policy = rule_files::policy(settings)?;
    let wanted = |rule: &Rule| pack.is_none_or(|name| rule.pack == name);
    let rules: Vec<RuleShown> = policy.rules.into_iter().filter(wanted).map(RuleShown::of).collect();
    if rules.is_empty() {
        let known = policy.packs.into_iter().map(|pack| pack.name).collect();
        return Err(NotFound::RulePack { pack: pack.unwrap_or_default().to_owned(), known }.into());
    }
    Ok(Page::whole(rules))
}

/// What the documents leave open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OpenQuestion {
    /// The setting's name under `[setting.…]`.
    pub setting: &'static str,
    /// What may be chosen; the first is the default.
    pub choices: Vec<&'static str>,
    /// Why the default is the default.
    pub why: Wording,
    /// What each pack chose.
    pub packs: Vec<Choice>,
}

/// What a pack chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Choice {
    /// The pack, with its version.
    pub pack: String,
    /// What it chose.
    pub value: &'static str,
    /// On what the choice rests: `stated`, `adopted`, `assumed`.
    pub basis: Basis,
    /// Where it is written, or why it is assumed.
    pub source: Wording,
}

impl OpenQuestion {
    fn of(question: &Question, policy: &Policy) -> Self {
        let name = format!("setting.{}", question.name);
        let chosen = policy.rules.iter().filter(|rule| rule.name == name);
        Self {
            setting: question.name,
            choices: question.choices.to_vec(),
            why: question.why.clone(),
            packs: chosen.map(|rule| Choice::of(question, rule, policy)).collect(),
        }
    }
}

impl Choice {
    fn of(question: &Question, rule: &Rule, policy: &Policy) -> Self {
        let pack = policy.packs.iter().find(|pack| pack.name == rule.pack && pack.version == rule.version);
        Self {
            pack: format!("{}@{}", rule.pack, rule.version),
            value: pack.and_then(|pack| pack.chosen.get(question.name)).copied().unwrap_or_default(),
            basis: rule.basis,
            source: rule.source.clone(),
        }
    }
}

/// Every open question, and what each pack chose.
///
/// # Errors
/// [`OperationError::Rules`].
pub fn settings(settings: &Settings) -> Result<Page<OpenQuestion>, OperationError> {
    let policy = rule_files::policy(settings)?;
    Ok(Page::whole(QUESTIONS.iter().map(|question| OpenQuestion::of(question, &policy)).collect()))
}

/// Rule packs that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RulesChecked {
    /// Packs.
    pub packs: usize,
    /// Rules of these.
    pub rules: usize,
    /// Canonical courses.
    pub courses: usize,
}

/// Checks rule packs, without using them; together with a crosswalk, or that of the settings.
///
/// # Errors
/// [`OperationError::Rules`]: every fault, with its line.
pub fn check(
    settings: &Settings,
    packs: &[NamedText],
    courses: Option<&NamedText>,
) -> Result<RulesChecked, OperationError> {
    let policy = read(packs, courses.unwrap_or(&settings.courses))?;
    // The rule of records that no pack is for stands in no pack.
    let rules = policy.rules.len() - 1;
    Ok(RulesChecked { packs: policy.packs.len(), rules, courses: policy.crosswalk.courses.len() })
}

fn read(packs: &[NamedText], courses: &NamedText) -> Result<Policy, RuleFileError> {
    Ok(rule_files::read_policy(packs, courses)?)
}

/// A side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleSide {
    /// The rules of the settings.
    Current,
    /// These packs, with the crosswalk of the settings.
    Packs(Vec<NamedText>),
}

impl RuleSide {
    fn policy(&self, settings: &Settings) -> Result<Policy, RuleFileError> {
        match self {
            Self::Current => rule_files::policy(settings),
            Self::Packs(packs) => read(packs, &settings.courses),
        }
    }
}

/// Whose hours other rules would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RulesDiff {
    /// All teachers together.
    pub totals: Totals,
    /// The first of the teachers for whom something changes.
    pub teachers: Vec<Change>,
}

/// Whose hours other rules would change; at most `limit` teachers are told.
///
/// # Errors
/// [`OperationError::Rules`].
pub async fn diff(
    settings: &Settings,
    opened: &OpenDatabase,
    sides: &BeforeAfter<RuleSide>,
    limit: usize,
) -> Result<RulesDiff, OperationError> {
    let (before, after) = (sides.before.policy(settings)?, sides.after.policy(settings)?);
    let mut teachers: Vec<Change> = vec![];
    let mut tell = |change: Change| {
        if teachers.len() < limit {
            teachers.push(change);
        }
    };
    let totals = recount::compare(&opened.db, BeforeAfter::new(&before, &after), &mut tell).await?;
    Ok(RulesDiff { totals, teachers })
}
