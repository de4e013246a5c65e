//! The rules in force, as the database has them. A process reads them when it starts and follows every activation; the
//! files of its settings change nothing once a database has rules.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use huiliu_messages::{Message, said_in_english};
use serde::Serialize;
use tokio::sync::Mutex;

use crate::database::{self, MayCreate, OpenError};
use crate::log_event::LogEvent;
use crate::rule_files::{ParsedRules, RuleFileError, RuleTexts, identify_file};
use crate::settings::Settings;
use huiliu_manifest::content::canonical_content;
use huiliu_rules::policy::Policy;
use huiliu_rules::roster::regions::Regions;
use huiliu_store::ledger::entries::{self, RuleIds};
use huiliu_store::ledger::fence;
use huiliu_store::ledger::rule_sets::{self, ObjectKind, RuleObject};
use huiliu_store::sql::schema::{self, SchemaState};
use huiliu_store::{Db, StoreError, Unreadable};
use huiliu_vault::keys::Keys;

/// Why this program cannot use the rules in force.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum ActiveRulesError {
    /// One of them cannot be read, for example because a newer program has activated it.
    #[serde(rename = "rules.active_unreadable")]
    Unreadable {
        /// The activation number.
        activation: i64,
        /// What is wrong.
        why: RuleFileError,
    },
    /// The database failed, or holds an object of a kind that this program does not know.
    #[serde(untagged)]
    Store(StoreError),
}

said_in_english!(ActiveRulesError);

impl From<StoreError> for ActiveRulesError {
    fn from(fault: StoreError) -> Self {
        Self::Store(fault)
    }
}

/// The rules in force at one moment, ready for use.
#[derive(Debug)]
pub struct RuleSnapshot {
    /// The activation number; 0 for rules that are in force in no database.
    pub activation: i64,
    /// Packs, crosswalk and weights, without people's decisions.
    pub policy: Policy,
    /// Row ids of the rules, in the policy's order.
    pub rules: RuleIds,
    /// The reporting tree.
    pub regions: Regions,
    /// Names and versions of the packs, for messages.
    pub files: String,
    /// The objects.
    pub objects: Vec<RuleObject>,
}

impl RuleSnapshot {
    /// Reads the rules in force. Returns `None` if the database has none yet.
    ///
    /// # Errors
    /// [`ActiveRulesError`].
    pub async fn load(db: &Db, keys: &Keys, settings: &Settings) -> Result<Option<Self>, ActiveRulesError> {
        let Some(active) = read_active_objects(db).await? else { return Ok(None) };
        let texts = RuleTexts::from_objects(&active.objects, settings);
        let ParsedRules { policy, regions } =
            texts.parse().map_err(|why| ActiveRulesError::Unreadable { activation: active.activation, why })?;
        let rules = entries::register_rules(db, keys, &policy).await?;
        let files = texts.packs.iter().map(|pack| pack.name.as_str()).collect::<Vec<_>>().join(", ");
        Ok(Some(Self { activation: active.activation, policy, rules, regions, files, objects: active.objects }))
    }
}

/// The objects of the rules in force.
#[derive(Debug, Clone)]
pub struct ActiveObjects {
    /// The activation number.
    pub activation: i64,
    /// The objects, by kind and name.
    pub objects: Vec<RuleObject>,
}

/// Reads the objects in force at one moment. Returns `None` if the database has none yet.
///
/// # Errors
/// [`StoreError`].
pub async fn read_active_objects(db: &Db) -> Result<Option<ActiveObjects>, StoreError> {
    let mut tx = db.begin_read_only().await?;
    let activation = fence::read_state_in(&mut tx).await?.activation;
    if activation == 0 {
        return Ok(None);
    }
    let objects = rule_sets::list_activated(&mut tx, activation).await?;
    Ok(Some(ActiveObjects { activation, objects }))
}

/// Returns the settings with the rules in force in place of their own, for questions that a database answers. A database
/// without rules leaves the settings as they are.
///
/// # Errors
/// [`StoreError`].
pub async fn apply_active(settings: &Settings, db: &Db) -> Result<Settings, StoreError> {
    let mut settings = settings.clone();
    if let Some(active) = read_active_objects(db).await? {
        let RuleTexts { packs, courses, matching, regions } = RuleTexts::from_objects(&active.objects, &settings);
        settings.packs = packs;
        settings.courses = courses;
        settings.matching = matching;
        settings.regions = regions;
    }
    Ok(settings)
}

/// Does the same as [`apply_active`] for the database that the settings name, if there is one with a current schema. Never
/// creates one.
///
/// # Errors
/// [`OpenError`] if there is a database and it does not answer.
pub async fn find_active(settings: &Settings) -> Result<Settings, OpenError> {
    if !database::database_exists(settings) {
        return Ok(settings.clone());
    }
    let db = database::open_without_keys(settings, MayCreate::Nothing).await?;
    let found = match schema::read_state(&db).await {
        Ok(SchemaState::Current) => apply_active(settings, &db).await,
        Ok(_) => Ok(settings.clone()),
        Err(fault) => Err(fault),
    };
    db.close().await;
    Ok(found?)
}

/// Names the objects whose files in the settings differ from what is in force: those with another content, those that are
/// not in force, and packs in force that the settings leave out. Built-in files are not compared.
#[must_use]
pub fn find_differing(settings: &Settings, objects: &[RuleObject]) -> Vec<String> {
    let texts = RuleTexts::from_settings(settings);
    let mut named = HashSet::new();
    let mut differing = Vec::new();
    for (kind, file) in texts.list().filter(|(_, file)| !file.built_in) {
        let identity = identify_file(&file.text);
        let name = identity.map_or_else(|| file.name.clone(), |identity| identity.name);
        let same = |object: &&RuleObject| object.kind == kind && object.name == name;
        let content = canonical_content(&file.text);
        if objects.iter().find(same).is_none_or(|object| canonical_content(&object.text) != content) {
            differing.push(name.clone());
        }
        named.insert(name);
    }
    if texts.packs.iter().any(|pack| !pack.built_in) {
        let left_out = objects.iter().filter(|object| object.kind == ObjectKind::Pack && !named.contains(&object.name));
        differing.extend(left_out.map(|object| object.name.clone()));
    }
    differing
}

/// Rules in force that this program cannot use.
#[derive(Debug, Clone)]
struct UnusableRules {
    activation: i64,
    why: Message,
}

/// The rules in force, shared by the whole process and replaced all at once. Work on a batch keeps the snapshot that it
/// began with.
#[derive(Debug, Clone)]
pub struct RuleFollower(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Gives what a set of rules leaves out. The rules themselves come from the database.
    settings: Option<Arc<Settings>>,
    current: RwLock<Arc<RuleSnapshot>>,
    /// The activation that was found unusable and why, so that it is told once. Locked during a refresh.
    unusable: Mutex<Option<UnusableRules>>,
}

impl RuleFollower {
    /// Starts with these rules and follows what is activated in the database.
    #[must_use]
    pub fn new(snapshot: RuleSnapshot, settings: Arc<Settings>) -> Self {
        Self::build(snapshot, Some(settings))
    }

    /// Keeps these rules, whatever the database says.
    #[must_use]
    pub fn fixed(policy: Policy, rules: RuleIds, regions: Regions) -> Self {
        let (files, objects) = (String::new(), vec![]);
        Self::build(RuleSnapshot { activation: 0, policy, rules, regions, files, objects }, None)
    }

    fn build(snapshot: RuleSnapshot, settings: Option<Arc<Settings>>) -> Self {
        let current = RwLock::new(Arc::new(snapshot));
        Self(Arc::new(Inner { settings, current, unusable: Mutex::default() }))
    }

    /// Returns the rules as they were last read.
    #[must_use]
    pub fn current(&self) -> Arc<RuleSnapshot> {
        Arc::clone(&self.0.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the rules if others have been activated since. Returns `None` if this program cannot read them; that is told
    /// in the log, once.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not answer.
    pub async fn refresh(&self, db: &Db, keys: &Keys) -> Result<Option<Arc<RuleSnapshot>>, StoreError> {
        let Some(settings) = &self.0.settings else { return Ok(Some(self.current())) };
        if fence::read_state(db).await?.activation == self.current().activation {
            return Ok(Some(self.current()));
        }
        let mut unusable = self.0.unusable.lock().await;
        let why = match RuleSnapshot::load(db, keys, settings).await {
            Ok(Some(read)) => {
                tracing::info!(activation = read.activation, "{}", LogEvent::RulesRead);
                *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
                *unusable = None;
                return Ok(Some(self.current()));
            }
            Ok(None) => return Ok(Some(self.current())),
            Err(ActiveRulesError::Store(StoreError::Unreadable(why))) => Message::new(&why),
            Err(ActiveRulesError::Store(fault)) => return Err(fault),
            Err(ActiveRulesError::Unreadable { why, .. }) => Message::new(&why),
        };
        let activation = fence::read_state(db).await?.activation;
        if unusable.as_ref().is_none_or(|told| told.activation != activation) {
            tracing::error!(activation, "{}", LogEvent::RulesUnusable { why: why.clone() });
        }
        *unusable = Some(UnusableRules { activation, why });
        Ok(None)
    }

    /// Does the same as [`RuleFollower::refresh`], and fails if this program cannot read the rules.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] then; another one if the database does not answer.
    pub async fn refresh_or_fail(&self, db: &Db, keys: &Keys) -> Result<Arc<RuleSnapshot>, StoreError> {
        if let Some(snapshot) = self.refresh(db, keys).await? {
            return Ok(snapshot);
        }
        let unusable = self.0.unusable.lock().await.clone();
        let told = unusable.map(|UnusableRules { activation, why }| Unreadable::Rules { activation, why });
        Err(told.map_or_else(|| StoreError::Column { column: "rule_set".into() }, StoreError::Unreadable))
    }
}
