//! One change of the rules in force: what it would do to every teacher, what stands in its way, and the act itself.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{Act, AuditEntry};
use super::decisions::Mode;
use super::error::OperationError;
use crate::active_rules::RuleSnapshot;
use crate::recount::{self, Change, OrphanedEntries, Totals};
use crate::rule_files::{ParsedRules, RuleTexts};
use crate::rule_seed::digest_set;
use crate::runtime::Runtime;
use crate::settings::NamedText;
use huiliu_authoring::gate::trial;
use huiliu_rules::policy::{Pack, Policy};
use huiliu_store::ledger::decisions::{self, CourseDecision};
use huiliu_store::ledger::fence;
use huiliu_store::ledger::groups::{self, Group};
use huiliu_store::ledger::rule_sets::{self, NewObject, NewRuleSet, ObjectKind, RuleObject};
use huiliu_store::{StoreError, Tx, identity};
use huiliu_values::BeforeAfter;
use huiliu_values::calendar::format_instant;

/// Why the rules in force cannot be changed so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum RuleChangeRefused {
    /// The file is no rule pack, crosswalk, matching weights or regions.
    #[serde(rename = "rules.not_rules")]
    NotRules { file: String },
    /// Two versions of one object were named.
    #[serde(rename = "rules.twice")]
    Twice { name: String },
    /// The pack has another content and no higher version than a registered one.
    #[serde(rename = "rules.version_taken")]
    VersionTaken { name: String, version: i64, highest: i64 },
    /// There is no such version.
    #[serde(rename = "rules.no_version")]
    NoVersion { name: String, version: i64, known: Vec<i64> },
    /// There is no such object.
    #[serde(rename = "rules.no_object")]
    NoObject { name: String, known: Vec<String> },
    /// No such pack is in force.
    #[serde(rename = "rules.no_pack")]
    NoPack { name: String, known: Vec<String> },
    /// There were no other rules before.
    #[serde(rename = "rules.nothing_before")]
    NothingBefore,
    /// Hours that have a rule now would have none; the first of them.
    #[serde(rename = "rules.leaves_without_rule")]
    LeavesWithoutRule { entries: u64, teacher: i64, record: i64, day: String, unit: String },
    /// Other rules were activated since the plan.
    #[serde(rename = "rules.changed_since")]
    ChangedSince { planned_on: i64, now: i64, by: String, at: String },
}

said_in_english!(RuleChangeRefused);

impl RuleChangeRefused {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotRules { .. } => "rules.not_rules",
            Self::Twice { .. } => "rules.twice",
            Self::VersionTaken { .. } => "rules.version_taken",
            Self::NoVersion { .. } | Self::NoObject { .. } | Self::NoPack { .. } => "rules.not_found",
            Self::NothingBefore => "rules.nothing_before",
            Self::LeavesWithoutRule { .. } => "rules.leaves_without_rule",
            Self::ChangedSince { .. } => "rules.changed_since",
        }
    }
}

impl From<OrphanedEntries> for RuleChangeRefused {
    fn from(OrphanedEntries { entries, teacher, record, day, unit }: OrphanedEntries) -> Self {
        Self::LeavesWithoutRule { entries, teacher, record, day: day.to_string(), unit }
    }
}

/// How a change is made.
#[derive(Debug, Clone, Copy)]
pub struct ChangeOptions {
    /// Whether it is made or only planned.
    pub mode: Mode,
    /// The activation number that an earlier plan was based on, if the change must be refused on any other.
    pub planned_on: Option<i64>,
    /// The most teachers to list.
    pub limit: usize,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleChangeState {
    /// Nothing was changed: this is a plan.
    Planned,
    /// The rules are in force.
    Activated,
    /// The versions are registered and not in force.
    Stored,
    /// The rules were in force already.
    Unchanged,
}

/// An object whose version in force changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ObjectChange {
    /// The pack's name, `courses`, `matching` or `regions`.
    pub name: String,
    /// What it is.
    pub kind: ObjectKind,
    /// The version in force before; null if there was none.
    pub before: Option<i64>,
    /// The version in force afterwards; null if there is none.
    pub after: Option<i64>,
}

/// A change of the rules in force, made or planned, and its effect on teachers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleChange {
    /// What became of it.
    pub state: RuleChangeState,
    /// The objects that change.
    pub objects: Vec<ObjectChange>,
    /// The activation number of the rules that it was planned on.
    pub planned_on: i64,
    /// The new activation number; null unless it was made.
    pub activation: Option<i64>,
    /// The totals over all teachers.
    pub totals: Totals,
    /// The first teachers for whom something changes, up to a limit.
    pub teachers: Vec<Change>,
}

/// What kind of change it is, for the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Register,
    Activate,
    Rollback,
    Retire,
}

impl Verb {
    fn action(self) -> &'static str {
        match self {
            Self::Register => "rules.register",
            Self::Activate => "rules.activate",
            Self::Rollback => "rules.rollback",
            Self::Retire => "rules.retire",
        }
    }
}

/// A version that may come into force, stored or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub kind: ObjectKind,
    pub name: String,
    pub version: i64,
    pub digest: Vec<u8>,
    pub text: String,
    /// The file, for messages.
    pub file: String,
}

impl From<&RuleObject> for Candidate {
    fn from(object: &RuleObject) -> Self {
        Self {
            kind: object.kind,
            name: object.name.clone(),
            version: object.version,
            digest: object.digest.clone(),
            text: object.text.clone(),
            file: format!("{} {}", object.name, object.version),
        }
    }
}

impl Candidate {
    pub fn to_text(&self) -> NamedText {
        NamedText { name: self.file.clone(), text: self.text.clone(), built_in: false }
    }

    fn label(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// Stores versions without putting them into force.
pub(super) async fn store_candidates(
    runtime: &Runtime,
    act: Act<'_>,
    in_force: &RuleSnapshot,
    new: Vec<Candidate>,
    how: ChangeOptions,
) -> Result<RuleChange, OperationError> {
    let state = if how.mode == Mode::Plan { RuleChangeState::Planned } else { RuleChangeState::Stored };
    let result = RuleChange {
        state,
        objects: vec![],
        planned_on: in_force.activation,
        activation: None,
        totals: Totals::default(),
        teachers: vec![],
    };
    if how.mode == Mode::Plan {
        return Ok(result);
    }
    let mut tx = rule_sets::begin_change(&runtime.delivery.db).await?;
    add_candidates(&mut tx, &new, act).await?;
    let labels: Vec<String> = new.iter().map(Candidate::label).collect();
    let entry = AuditEntry::new(Verb::Register.action(), format!("rules {}", labels.join(", ")));
    act.commit_with_audit(tx, &runtime.database_handle(), entry).await?;
    Ok(result)
}

async fn add_candidates(tx: &mut Tx, all: &[Candidate], act: Act<'_>) -> Result<Vec<i64>, StoreError> {
    let mut ids = Vec::with_capacity(all.len());
    for Candidate { kind, name, version, digest, text, .. } in all {
        let new = NewObject { kind: *kind, name, version: *version, digest, text };
        ids.push(rule_sets::add_object(tx, new, act.to_author()).await?);
    }
    Ok(ids)
}

/// Makes `after` the rules in force, or only returns what that would do. Settles the teachers concerned.
pub(super) async fn change_rules(
    runtime: &Runtime,
    act: Act<'_>,
    verb: Verb,
    in_force: &RuleSnapshot,
    after: Vec<Candidate>,
    how: ChangeOptions,
) -> Result<RuleChange, OperationError> {
    if how.planned_on.is_some_and(|planned_on| planned_on != in_force.activation) {
        let planned_on = how.planned_on.unwrap_or_default();
        let mut tx = runtime.delivery.db.begin_read_only().await?;
        return Err(changed_since(&mut tx, planned_on, in_force.activation).await?.into());
    }
    let objects = find_changes(&in_force.objects, &after);
    let mut change = RuleChange {
        state: RuleChangeState::Unchanged,
        objects,
        planned_on: in_force.activation,
        activation: None,
        totals: Totals::default(),
        teachers: vec![],
    };
    if change.objects.is_empty() {
        return Ok(change);
    }
    let parsed = parse_candidates(runtime, &after)?;
    if change.objects.iter().any(|object| object.kind != ObjectKind::Regions) {
        compare_all(runtime, in_force, &parsed.policy, how.limit, &mut change).await?;
    }
    change.state = RuleChangeState::Planned;
    if how.mode == Mode::Plan {
        return Ok(change);
    }
    change.activation = Some(activate_candidates(runtime, act, verb, in_force, &parsed.policy, &after, &change).await?);
    change.state = RuleChangeState::Activated;
    runtime.settle_pending().await?;
    Ok(change)
}

/// Checks the whole set of rules as it would be, and that it converts the hours of every connector in use.
fn parse_candidates(runtime: &Runtime, after: &[Candidate]) -> Result<ParsedRules, OperationError> {
    let mut texts = RuleTexts { packs: vec![], ..RuleTexts::from_settings(&runtime.settings) };
    for candidate in after {
        match candidate.kind {
            ObjectKind::Pack => texts.packs.push(candidate.to_text()),
            ObjectKind::Courses => texts.courses = candidate.to_text(),
            ObjectKind::Matching => texts.matching = candidate.to_text(),
            ObjectKind::Regions => texts.regions = candidate.to_text(),
        }
    }
    let parsed = texts.parse()?;
    let files = texts.packs.iter().map(|pack| pack.name.as_str()).collect::<Vec<_>>().join(", ");
    for active in runtime.delivery.manifests.current().values() {
        trial::check_units(&active.manifest, &parsed.policy, &files)?;
    }
    Ok(parsed)
}

/// Compares the entries of all teachers, and refuses if some would lose their rule.
async fn compare_all(
    runtime: &Runtime,
    in_force: &RuleSnapshot,
    after: &Policy,
    limit: usize,
    change: &mut RuleChange,
) -> Result<(), OperationError> {
    let db = &runtime.delivery.db;
    let decided = decisions::list_course_decisions(&mut db.begin_read_only().await?).await?;
    let before = recount::apply_course_decisions(&in_force.policy, &decided);
    let after = recount::apply_course_decisions(after, &decided);
    let teachers = &mut change.teachers;
    let mut tell = |of: Change| {
        if teachers.len() < limit {
            teachers.push(of);
        }
    };
    let compared = recount::compare_rules(db, BeforeAfter::new(&before, &after), &mut tell).await?;
    if let Some(orphaned) = compared.orphaned {
        return Err(RuleChangeRefused::from(orphaned).into());
    }
    change.totals = compared.totals;
    recount::add_names(&mut db.begin_read_only().await?, &runtime.delivery.keys, &mut change.teachers).await?;
    Ok(())
}

/// Finds the objects whose version differs.
fn find_changes(before: &[RuleObject], after: &[Candidate]) -> Vec<ObjectChange> {
    let mut all: BTreeMap<(ObjectKind, &str), BeforeAfter<Option<i64>>> = BTreeMap::new();
    for object in before {
        all.entry((object.kind, &object.name)).or_insert(BeforeAfter::new(None, None)).before = Some(object.version);
    }
    for object in after {
        all.entry((object.kind, &object.name)).or_insert(BeforeAfter::new(None, None)).after = Some(object.version);
    }
    let changed = all.into_iter().filter(|(_, versions)| versions.before != versions.after);
    changed
        .map(|((kind, name), versions)| ObjectChange {
            name: name.to_owned(),
            kind,
            before: versions.before,
            after: versions.after,
        })
        .collect()
}

/// Writes the activation in one transaction, if the rules in force are still those that were compared.
async fn activate_candidates(
    runtime: &Runtime,
    act: Act<'_>,
    verb: Verb,
    in_force: &RuleSnapshot,
    policy: &Policy,
    after: &[Candidate],
    change: &RuleChange,
) -> Result<i64, OperationError> {
    let keys = &runtime.delivery.keys;
    let mut tx = rule_sets::begin_change(&runtime.delivery.db).await?;
    let now = fence::read_state_in(&mut tx).await?.activation;
    if now != in_force.activation {
        return Err(changed_since(&mut tx, in_force.activation, now).await?.into());
    }
    let ids = add_candidates(&mut tx, after, act).await?;
    let digest = digest_set(keys, after.iter().map(|candidate| candidate.digest.as_slice()));
    let new = NewRuleSet { objects: &ids, digest: &digest, replaces: now, keeps: None };
    let activation = rule_sets::add_set(&mut tx, new, act.to_author()).await?;
    let told: Vec<String> = change.objects.iter().map(describe_change).collect();
    let detail = json!({ "rules": told, "replaced": now });
    let entry = AuditEntry { action: verb.action(), object: format!("rules {activation}"), detail };
    act.append_audit(&mut tx, keys, entry).await?;
    let weights_change = change.objects.iter().any(|object| object.kind == ObjectKind::Matching);
    if weights_change {
        identity::reset_undecided(&mut tx).await?;
    }
    // From here on no decision about a course is made before the commit.
    fence::raise_number(&mut tx, Some(activation)).await?;
    let decided = decisions::list_course_decisions(&mut tx).await?;
    groups::mark_groups(&mut tx, &find_groups(&in_force.policy, policy, change, &decided)).await?;
    tx.commit().await?;
    Ok(activation)
}

fn describe_change(ObjectChange { name, before, after, .. }: &ObjectChange) -> String {
    let version = |version: &Option<i64>| version.map_or_else(|| "—".to_owned(), |version| version.to_string());
    format!("{name} {} → {}", version(before), version(after))
}

async fn changed_since(tx: &mut Tx, planned_on: i64, now: i64) -> Result<RuleChangeRefused, StoreError> {
    let activation = rule_sets::find_activation(tx, now).await?;
    let (by, at) = activation.map(|of| (of.by, format_instant(of.at))).unwrap_or_default();
    Ok(RuleChangeRefused::ChangedSince { planned_on, now, by, at })
}

/// Finds the groups of teachers whom a change can concern: those with a record in the days of a changed pack, before or
/// after, those of courses that the crosswalk maps otherwise, and those whose names are compared by changed weights.
fn find_groups(before: &Policy, after: &Policy, change: &RuleChange, decided: &[CourseDecision]) -> BTreeSet<Group> {
    let mut groups = BTreeSet::new();
    for object in &change.objects {
        match object.kind {
            ObjectKind::Pack => {
                let packs = before.packs.iter().chain(&after.packs).filter(|pack| pack.name == object.name);
                groups.extend(packs.map(|pack: &Pack| Group::Days { first: pack.from, last: pack.to }));
            }
            ObjectKind::Courses => groups.extend(find_changed_courses(before, after, decided)),
            ObjectKind::Matching => {
                groups.insert(Group::Names);
            }
            ObjectKind::Regions => {}
        }
    }
    groups
}

/// Finds the codes that stand for another course, or for one that is recognised with other hours.
fn find_changed_courses(before: &Policy, after: &Policy, decided: &[CourseDecision]) -> Vec<Group> {
    let (before, after) =
        (recount::apply_course_decisions(before, decided), recount::apply_course_decisions(after, decided));
    let mapped = |policy: &Policy, connector: &str, code: &str| {
        let id = policy.canonical_course(connector, code)?.to_owned();
        let most = policy.crosswalk.find_course(&id).and_then(|course| course.most);
        Some((id, most))
    };
    let codes: BTreeSet<(&str, &str)> = before
        .crosswalk
        .mapped_codes()
        .chain(after.crosswalk.mapped_codes())
        .map(|(connector, code, _)| (connector, code))
        .collect();
    let differs =
        |(connector, code): &(&str, &str)| mapped(&before, connector, code) != mapped(&after, connector, code);
    let group =
        |(connector, code): (&str, &str)| Group::Course { connector: connector.to_owned(), code: code.to_owned() };
    codes.into_iter().filter(differs).map(group).collect()
}
