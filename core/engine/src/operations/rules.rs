//! Rule packs: lists them, shows their rules and open questions, checks them, and compares their effect on teachers'
//! hours.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::{NotFound, OperationError};
use super::page::Page;
use crate::active_rules;
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
    /// The pack's name.
    pub pack: String,
    /// The pack's version.
    pub version: u32,
    /// The pack's title.
    pub title: String,
    /// The jurisdiction it applies to.
    pub jurisdiction: String,
    /// It applies to records that end on this day or later.
    pub from: NaiveDate,
    /// It applies to records that end on this day or earlier.
    pub to: NaiveDate,
    /// Number of rules quoted from a document.
    pub stated: usize,
    /// Number of rules taken from another jurisdiction.
    pub adopted: usize,
    /// Number of rules that no document states.
    pub assumed: usize,
}

impl PackShown {
    fn from_pack(pack: &Pack, rules: &[Rule]) -> Self {
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

/// Loads the rules in force, or those of the settings where there is no database.
async fn load_in_force(settings: &Settings) -> Result<Policy, OperationError> {
    Ok(rule_files::load_policy(&active_rules::find_active(settings).await?)?)
}

/// Lists the packs in force.
///
/// # Errors
/// [`OperationError::Rules`] if the rules cannot be used.
pub async fn list(settings: &Settings) -> Result<Page<PackShown>, OperationError> {
    let policy = load_in_force(settings).await?;
    Ok(Page::from_all(policy.packs.iter().map(|pack| PackShown::from_pack(pack, &policy.rules)).collect()))
}

/// A rule of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleShown {
    /// The pack that contains it.
    pub pack: String,
    /// The version of that pack.
    pub version: u32,
    /// `conversion.minute`, `pass_gate`, `cap.year`, `setting.band_edge` …
    pub rule: String,
    /// The unit that a conversion converts; null for other rules.
    pub unit: Option<String>,
    /// Units of 1/108,000 class hour per one of that unit; null for other rules.
    pub units_per_one: Option<i64>,
    /// What it rests on: `stated`, `adopted` or `assumed`.
    pub basis: Basis,
    /// Where it is written, or why it is assumed.
    pub source: Wording,
}

impl RuleShown {
    fn from_rule(rule: Rule) -> Self {
        let Rule { pack, version, name, unit, units_per_one, basis, source } = rule;
        Self { pack, version, rule: name, unit, units_per_one, basis, source }
    }
}

/// Shows every rule, or those of one pack.
///
/// # Errors
/// [`OperationError::NotFound`] if it does not exist; [`OperationError::Rules`] if the rules cannot be used.
pub async fn show(settings: &Settings, pack: Option<&str>) -> Result<Page<RuleShown>, OperationError> {
    let policy = load_in_force(settings).await?;
    let wanted = |rule: &Rule| pack.is_none_or(|name| rule.pack == name);
    let rules: Vec<RuleShown> = policy.rules.into_iter().filter(wanted).map(RuleShown::from_rule).collect();
    if rules.is_empty() {
        let known = policy.packs.into_iter().map(|pack| pack.name).collect();
        return Err(NotFound::RulePack { pack: pack.unwrap_or_default().to_owned(), known }.into());
    }
    Ok(Page::from_all(rules))
}

/// A question that the documents leave open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OpenQuestion {
    /// The setting's name under `[setting.…]`.
    pub setting: &'static str,
    /// The values to choose from; the first is the default.
    pub choices: Vec<&'static str>,
    /// Why this default was chosen, in English.
    pub why: Wording,
    /// What each pack chose.
    pub packs: Vec<Choice>,
}

/// A pack's choice for an open question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Choice {
    /// The pack, as `name@version`.
    pub pack: String,
    /// The chosen value.
    pub value: &'static str,
    /// What the choice rests on: `stated`, `adopted` or `assumed`.
    pub basis: Basis,
    /// Where it is written, or why it is assumed.
    pub source: Wording,
}

impl OpenQuestion {
    fn from_question(question: &Question, policy: &Policy) -> Self {
        let name = format!("setting.{}", question.name);
        let chosen = policy.rules.iter().filter(|rule| rule.name == name);
        Self {
            setting: question.name,
            choices: question.choices.to_vec(),
            why: question.why.clone(),
            packs: chosen.map(|rule| Choice::from_rule(question, rule, policy)).collect(),
        }
    }
}

impl Choice {
    fn from_rule(question: &Question, rule: &Rule, policy: &Policy) -> Self {
        let pack = policy.packs.iter().find(|pack| pack.name == rule.pack && pack.version == rule.version);
        Self {
            pack: format!("{}@{}", rule.pack, rule.version),
            value: pack.and_then(|pack| pack.chosen.get(question.name)).copied().unwrap_or_default(),
            basis: rule.basis,
            source: rule.source.clone(),
        }
    }
}

/// Lists every open question with the choice of each pack.
///
/// # Errors
/// [`OperationError::Rules`] if the rules cannot be used.
pub async fn settings(settings: &Settings) -> Result<Page<OpenQuestion>, OperationError> {
    let policy = load_in_force(settings).await?;
    Ok(Page::from_all(QUESTIONS.iter().map(|question| OpenQuestion::from_question(question, &policy)).collect()))
}

/// The result of checking rule packs that are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RulesChecked {
    /// Number of packs.
    pub packs: usize,
    /// Number of rules in them.
    pub rules: usize,
    /// Number of canonical courses.
    pub courses: usize,
}

/// Checks rule packs without using them, together with the given crosswalk or that of the settings.
///
/// # Errors
/// [`OperationError::Rules`] with every fault, each with its line.
pub fn check(
    settings: &Settings,
    packs: &[NamedText],
    courses: Option<&NamedText>,
) -> Result<RulesChecked, OperationError> {
    let policy = parse_packs(packs, courses.unwrap_or(&settings.courses))?;
    // One rule belongs to no pack: the one for records that no pack covers.
    let rules = policy.rules.len() - 1;
    Ok(RulesChecked { packs: policy.packs.len(), rules, courses: policy.crosswalk.courses.len() })
}

fn parse_packs(packs: &[NamedText], courses: &NamedText) -> Result<Policy, RuleFileError> {
    Ok(rule_files::parse_policy(packs, courses)?)
}

/// One side of a comparison of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleSide {
    /// The rules in force.
    Current,
    /// These packs, with the crosswalk and the weights in force.
    Packs(Vec<NamedText>),
}

impl RuleSide {
    fn load_policy(&self, settings: &Settings) -> Result<Policy, RuleFileError> {
        match self {
            Self::Current => rule_files::load_policy(settings),
            Self::Packs(packs) => rule_files::load_policy(&Settings { packs: packs.clone(), ..settings.clone() }),
        }
    }
}

/// The effect of other rules on teachers' hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RulesDiff {
    /// The totals over all teachers.
    pub totals: Totals,
    /// The first teachers for whom something changes, up to a limit.
    pub teachers: Vec<Change>,
}

/// Compares the effect of two sets of rules on teachers' hours. Lists at most `limit` teachers.
///
/// # Errors
/// [`OperationError::Rules`] if the rules cannot be used.
pub async fn diff(
    settings: &Settings,
    opened: &OpenDatabase,
    sides: &BeforeAfter<RuleSide>,
    limit: usize,
) -> Result<RulesDiff, OperationError> {
    let settings = &active_rules::apply_active(settings, &opened.db).await?;
    let before = recount::policy_in_force(&opened.db, sides.before.load_policy(settings)?).await?;
    let after = recount::policy_in_force(&opened.db, sides.after.load_policy(settings)?).await?;
    let mut teachers: Vec<Change> = vec![];
    let mut tell = |change: Change| {
        if teachers.len() < limit {
            teachers.push(change);
        }
    };
    let compared = recount::compare_rules(&opened.db, BeforeAfter::new(&before, &after), &mut tell).await?;
    recount::add_names(&mut opened.db.begin_read_only().await?, &opened.keys, &mut teachers).await?;
    Ok(RulesDiff { totals: compared.totals, teachers })
}
