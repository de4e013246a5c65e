//! Changes the rules in force: registers, activates, rolls back and retires versions of rule packs, the crosswalk, the
//! matching weights and the regions. Each change is one act; every running process follows it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::act::Act;
use super::error::OperationError;
use super::page::Page;
use super::rule_change::{self, Candidate, ChangeOptions, RuleChange, Verb};
use crate::active_rules;
use crate::database::OpenDatabase;
use crate::rule_files::{self, FileIdentity, RuleFileError, RuleTexts, identify_file};
use crate::rule_seed::digest_object;
use crate::runtime::Runtime;
use crate::settings::NamedText;
use huiliu_matching::Weights;
use huiliu_rules::roster::regions::Regions;
use huiliu_store::ledger::rule_sets::{self, ObjectKind, RuleObject};
use huiliu_values::calendar::format_instant;

pub use super::rule_change::{ObjectChange, RuleChangeRefused, RuleChangeState};

/// Files to register.
#[derive(Debug, Clone, Copy)]
pub struct RuleRegistration<'a> {
    /// The files: rule packs, a crosswalk, matching weights, regions.
    pub files: &'a [NamedText],
    /// Whether they come into force at once.
    pub activates: bool,
}

/// Checks files of rules together with the rules in force, stores them as new versions, and puts them into force. A file
/// with the content of a stored version stands for that version.
///
/// # Errors
/// [`RuleChangeRefused`]; [`OperationError::Rules`] with every fault; [`OperationError::Gate`] for a unit that would no
/// longer be converted.
pub async fn register(
    runtime: &Runtime,
    act: Act<'_>,
    request: RuleRegistration<'_>,
    how: ChangeOptions,
) -> Result<RuleChange, OperationError> {
    let stored = rule_sets::list_objects(&runtime.delivery.db, None).await?;
    let mut new: BTreeMap<String, Candidate> = BTreeMap::new();
    for file in request.files {
        let candidate = build_candidate(runtime, &stored, file)?;
        if new.contains_key(&candidate.name) {
            return Err(RuleChangeRefused::Twice { name: candidate.name }.into());
        }
        new.insert(candidate.name.clone(), candidate);
    }
    let in_force = runtime.delivery.rules.refresh_or_fail(&runtime.delivery.db, &runtime.delivery.keys).await?;
    if !request.activates {
        let new: Vec<Candidate> = new.into_values().collect();
        let texts = RuleTexts::from_objects(&in_force.objects, &runtime.settings);
        for candidate in &new {
            check_alone(&texts, candidate)?;
        }
        return rule_change::store_candidates(runtime, act, &in_force, new, how).await;
    }
    let kept = in_force.objects.iter().filter(|object| !new.contains_key(&object.name)).map(Candidate::from);
    let after = kept.collect::<Vec<_>>().into_iter().chain(new.into_values()).collect();
    rule_change::change_rules(runtime, act, Verb::Register, &in_force, after, how).await
}

/// Finds the version that a file stands for, or makes a new one of it. A pack keeps the version that it states; others are
/// numbered on.
fn build_candidate(runtime: &Runtime, stored: &[RuleObject], file: &NamedText) -> Result<Candidate, RuleChangeRefused> {
    let Some(FileIdentity { kind, name, version }) = identify_file(&file.text) else {
        return Err(RuleChangeRefused::NotRules { file: file.name.clone() });
    };
    let digest = digest_object(&runtime.delivery.keys, &file.text);
    let versions = || stored.iter().filter(|object| object.name == name);
    if let Some(same) = versions().find(|object| object.digest == digest) {
        return Ok(Candidate { file: file.name.clone(), ..Candidate::from(same) });
    }
    let highest = versions().map(|object| object.version).max();
    let version = match (kind, version, highest) {
        (ObjectKind::Pack, stated, Some(highest)) if stated.unwrap_or(0) <= highest => {
            return Err(RuleChangeRefused::VersionTaken { name, version: stated.unwrap_or(0), highest });
        }
        (_, stated, highest) => stated.unwrap_or(1).max(highest.map_or(1, |highest| highest + 1)),
    };
    Ok(Candidate { kind, name, version, digest, text: file.text.clone(), file: file.name.clone() })
}

/// Checks a file by itself, a pack and a crosswalk together with what is in force.
fn check_alone(in_force: &RuleTexts, candidate: &Candidate) -> Result<(), RuleFileError> {
    let text = candidate.to_text();
    match candidate.kind {
        ObjectKind::Pack => {
            rule_files::parse_policy(&[text], &in_force.courses)?;
        }
        ObjectKind::Courses => {
            rule_files::parse_policy(&in_force.packs, &text)?;
        }
        ObjectKind::Matching => {
            Weights::from_toml(&text.name, &text.text)?;
        }
        ObjectKind::Regions => {
            Regions::parse(&text.name, &text.text)?;
        }
    }
    Ok(())
}

/// A version of an object, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedVersion {
    /// The pack's name, `courses`, `matching` or `regions`.
    pub name: String,
    /// The version's number.
    pub version: i64,
}

/// Puts registered versions into force.
///
/// # Errors
/// [`RuleChangeRefused`], and the errors of [`register`].
pub async fn activate(
    runtime: &Runtime,
    act: Act<'_>,
    wanted: &[WantedVersion],
    how: ChangeOptions,
) -> Result<RuleChange, OperationError> {
    let stored = rule_sets::list_objects(&runtime.delivery.db, None).await?;
    let mut new: BTreeMap<String, Candidate> = BTreeMap::new();
    for WantedVersion { name, version } in wanted {
        require_known(&stored, name)?;
        let found = stored.iter().find(|object| object.name == *name && object.version == *version);
        let found = found.ok_or_else(|| RuleChangeRefused::NoVersion {
            name: name.clone(),
            version: *version,
            known: stored.iter().filter(|object| object.name == *name).map(|object| object.version).collect(),
        })?;
        if new.insert(name.clone(), Candidate::from(found)).is_some() {
            return Err(RuleChangeRefused::Twice { name: name.clone() }.into());
        }
    }
    let in_force = runtime.delivery.rules.refresh_or_fail(&runtime.delivery.db, &runtime.delivery.keys).await?;
    let kept = in_force.objects.iter().filter(|object| !new.contains_key(&object.name)).map(Candidate::from);
    let after = kept.collect::<Vec<_>>().into_iter().chain(new.into_values()).collect();
    rule_change::change_rules(runtime, act, Verb::Activate, &in_force, after, how).await
}

fn require_known(stored: &[RuleObject], name: &str) -> Result<(), RuleChangeRefused> {
    if stored.iter().any(|object| object.name == name) {
        return Ok(());
    }
    let mut known: Vec<String> = stored.iter().map(|object| object.name.clone()).collect();
    known.dedup();
    Err(RuleChangeRefused::NoObject { name: name.to_owned(), known })
}

/// Goes back to the rules before the last activation, or, for one object, to the version before its last change.
///
/// # Errors
/// [`RuleChangeRefused::NothingBefore`], and the errors of [`register`].
pub async fn rollback(
    runtime: &Runtime,
    act: Act<'_>,
    name: Option<&str>,
    how: ChangeOptions,
) -> Result<RuleChange, OperationError> {
    let db = &runtime.delivery.db;
    if let Some(name) = name {
        require_known(&rule_sets::list_objects(db, Some(name)).await?, name)?;
    }
    let in_force = runtime.delivery.rules.refresh_or_fail(db, &runtime.delivery.keys).await?;
    let version_of = |objects: &[RuleObject]| {
        objects.iter().find(|object| Some(object.name.as_str()) == name).map(|object| object.version)
    };
    let mut tx = db.begin_read_only().await?;
    let mut at = in_force.activation;
    let before = loop {
        let found = rule_sets::find_activation(&mut tx, at).await?;
        at = found.map_or(0, |activation| activation.replaced);
        let objects = if at == 0 { vec![] } else { rule_sets::list_activated(&mut tx, at).await? };
        if objects.is_empty() {
            return Err(RuleChangeRefused::NothingBefore.into());
        }
        if name.is_none() || version_of(&objects) != version_of(&in_force.objects) {
            break objects;
        }
    };
    drop(tx);
    let after = match name {
        None => before.iter().map(Candidate::from).collect(),
        Some(name) => {
            let kept = in_force.objects.iter().filter(|object| object.name != name);
            kept.chain(before.iter().filter(|object| object.name == name)).map(Candidate::from).collect()
        }
    };
    rule_change::change_rules(runtime, act, Verb::Rollback, &in_force, after, how).await
}

/// Takes a rule pack out of force. Its versions stay registered.
///
/// # Errors
/// [`RuleChangeRefused::NoPack`], and the errors of [`register`].
pub async fn retire(
    runtime: &Runtime,
    act: Act<'_>,
    name: &str,
    how: ChangeOptions,
) -> Result<RuleChange, OperationError> {
    let in_force = runtime.delivery.rules.refresh_or_fail(&runtime.delivery.db, &runtime.delivery.keys).await?;
    let is_retired = |object: &&RuleObject| object.kind == ObjectKind::Pack && object.name == name;
    if !in_force.objects.iter().any(|object| is_retired(&object)) {
        let packs = in_force.objects.iter().filter(|object| object.kind == ObjectKind::Pack);
        let known = packs.map(|object| object.name.clone()).collect();
        return Err(RuleChangeRefused::NoPack { name: name.to_owned(), known }.into());
    }
    let after = in_force.objects.iter().filter(|object| !is_retired(object)).map(Candidate::from).collect();
    rule_change::change_rules(runtime, act, Verb::Retire, &in_force, after, how).await
}

/// A registered version of a rule object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleVersionShown {
    /// The pack's name, `courses`, `matching` or `regions`.
    pub name: String,
    /// What it is.
    pub kind: ObjectKind,
    /// The version's number.
    pub version: i64,
    /// Whether it is in force.
    pub in_force: bool,
    /// When it was registered, RFC 3339.
    pub registered_at: String,
    /// The person who registered it, or the process that seeded the database.
    pub registered_by: String,
    /// The reason given.
    pub because: String,
}

/// All versions, and the activation of those in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleVersions {
    /// The versions by name, the newest of each first.
    #[serde(flatten)]
    pub page: Page<RuleVersionShown>,
    /// The activation number of the rules in force; null if the database has none yet.
    pub activation: Option<i64>,
}

/// Lists the versions of all rule objects, or of one, and which are in force.
///
/// # Errors
/// [`RuleChangeRefused::NoObject`] if there is none of this name.
pub async fn versions(opened: &OpenDatabase, name: Option<&str>) -> Result<RuleVersions, OperationError> {
    let stored = rule_sets::list_objects(&opened.db, None).await?;
    if let Some(name) = name {
        require_known(&stored, name)?;
    }
    let active = active_rules::read_active_objects(&opened.db).await?;
    let in_force = |id: i64| active.iter().flat_map(|active| &active.objects).any(|object| object.id == id);
    let shown = |object: &RuleObject| RuleVersionShown {
        name: object.name.clone(),
        kind: object.kind,
        version: object.version,
        in_force: in_force(object.id),
        registered_at: format_instant(object.registered_at),
        registered_by: object.registered_by.clone(),
        because: object.because.clone(),
    };
    let wanted = stored.iter().filter(|object| name.is_none_or(|name| object.name == name));
    Ok(RuleVersions {
        page: Page::from_all(wanted.map(shown).collect()),
        activation: active.map(|active| active.activation),
    })
}
