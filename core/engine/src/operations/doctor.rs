//! Doctor: examines settings, database, queue and key without changing anything.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::audit::AuditCheck;
use super::error::OperationError;
use super::laws;
use crate::active_rules;
use crate::database::{self, MayCreate, OpenDatabase};
use crate::program::Program;
use crate::registry::{self, FoundManifest, InUse, Origin};
use crate::rule_files::{self, RuleTexts};
use crate::settings::{Settings, SourceSettings};
use crate::settings_problem::{SettingsProblem, SettingsRead};
use crate::source_check::{self, DuplicateName, SourceProblem};
use crate::verify::{LedgerDifference, LedgerVerified};
use huiliu_queue::Queue;
use huiliu_store::Db;
use huiliu_store::admin::books::{BookDifferences, BrokenRows};
use huiliu_store::admin::registry::Registered;
use huiliu_store::admin::reports::OrphanCount;
use huiliu_store::intake::files::FilesToSee;
use huiliu_store::intake::unread::UnreadPayload;
use huiliu_store::sql::schema::{self, SchemaState};
use huiliu_vault::key_file;

/// The part that was examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The settings file and the data directory.
    Settings,
    /// An environment variable.
    Environment,
    /// The connectors and manifests in use.
    Connectors,
    /// All sources together.
    Sources,
    /// One source.
    Source,
    /// Whether the database can be opened.
    Database,
    /// The database's schema.
    Schema,
    /// The root key.
    Key,
    /// The permissions of the key file.
    KeyFile,
    /// The rules in force, and whether the files of the settings are the same.
    Rules,
    /// Rows that refer to rows that do not exist.
    Orphans,
    /// The counters of each batch, compared with the other tables.
    Books,
    /// The states of dead letters, compared with their sightings.
    DeadLetters,
    /// Whether a teacher has at most one current entry for a record.
    Entries,
    /// Whether the audit log is intact.
    AuditLog,
    /// The entries of some teachers, compared with those that the rules give.
    Ledger,
    /// What workers found when they verified the ledger.
    Verified,
    /// Records that are missing from the newest whole of their stream and wait for a decision.
    Missing,
    /// Payloads that could not be decoded and with which nobody has dealt.
    Payloads,
    /// Files that were seen and not read, and files whose names fit no pattern.
    Files,
    /// Whether the queue can be reached, and how many messages wait in it.
    Queue,
}

/// A connector in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConnectorFound {
    /// The id of the connector.
    pub connector: String,
    /// The version of its manifest.
    pub version: i64,
    /// Where its manifest comes from.
    pub origin: Origin,
}

/// What was found in a part.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// The data directory.
    DataDir(PathBuf),
    /// The connectors and their states.
    Connectors {
        /// Connectors in use.
        in_use: Vec<ConnectorFound>,
        /// The ids of disabled connectors.
        disabled: Vec<String>,
        /// Registered versions that this program cannot use, as `county 1: why`.
        unusable: Vec<String>,
    },
    /// `sqlite` or `postgresql`.
    Database(&'static str),
    /// The state of the schema.
    Schema(SchemaState),
    /// Path of the key file.
    KeyFile(PathBuf),
    /// The key file is readable by users other than its owner.
    Readable {
        /// The key file.
        path: PathBuf,
        /// Its permissions in octal digits.
        mode: String,
    },
    /// The rules in force.
    Rules {
        /// The activation number; null if the database has none yet.
        activation: Option<i64>,
        /// Names and versions, as `jilin-2014 2`.
        in_force: Vec<String>,
        /// Names of those whose files in the settings differ, which change nothing.
        differing: Vec<String>,
    },
    /// Rows that refer to rows that do not exist. An empty list is good.
    Orphans(Vec<OrphanCount>),
    /// Batches whose counters are not what the other tables say.
    Books(BookDifferences),
    /// Dead letters whose state is not what their sightings say.
    DeadLetters(BrokenRows),
    /// Current entries beside another one of the same teacher and record.
    Entries(BrokenRows),
    /// The state of the audit log.
    AuditLog(Box<AuditCheck>),
    /// A sample of the ledger.
    Ledger(LedgerVerified),
    /// What workers found.
    Verified(VerifiedByWorkers),
    /// Missing records that wait for a decision.
    Missing {
        /// Their number.
        records: i64,
    },
    /// Payloads that could not be decoded.
    Payloads {
        /// Their number.
        open: i64,
        /// The first of them.
        first: Vec<UnreadPayload>,
    },
    /// Files that somebody should look at.
    Files(FilesToSee),
    /// The queue and its depth.
    Queue {
        /// The address of the queue.
        place: String,
        /// Number of messages waiting in the queue.
        waiting: usize,
    },
    /// No source has a problem. Holds the number of sources.
    Sources(usize),
    /// A setting is wrong.
    Setting(SettingFinding),
    /// A source cannot be read.
    Source(SourceFinding),
    /// Not examined, because the settings file that may contain its address cannot be read.
    NotExamined,
    /// The examination failed.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    Failed(OperationError),
}

/// What workers found when they verified the ledger, block by block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VerifiedByWorkers {
    /// Within how many days they verify every teacher once; 0: never.
    pub days: u32,
    /// When they had last verified every teacher; null if they have not yet.
    pub round_ended_at: Option<String>,
    /// The number of fields that differed.
    pub differing: i64,
    /// The first of them.
    pub differences: Vec<LedgerDifference>,
}

/// A problem with a setting.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SettingFinding {
    /// A stable code for programs.
    pub code: &'static str,
    /// What is wrong, and what to do about it.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub problem: SettingsProblem,
}

/// A problem with a source.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SourceFinding {
    /// The source's name.
    pub source: String,
    /// The settings file that defines it; null for a registered source.
    pub file: Option<PathBuf>,
    /// A stable code for programs.
    pub code: &'static str,
    /// What is wrong, and what to do about it.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub problem: SourceProblem,
}

fn as_text<S: serde::Serializer>(error: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&error.to_string())
}

/// The result for one part.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// The part that was examined.
    pub what: Part,
    /// Whether it works.
    pub ok: bool,
    /// It works, but should be corrected.
    pub warning: bool,
    /// What was found.
    pub detail: Detail,
}

impl Finding {
    pub(super) fn new(what: Part, ok: bool, detail: Detail) -> Self {
        Self { what, ok, warning: false, detail }
    }

    fn from_error(what: Part, error: impl Into<OperationError>) -> Self {
        Self::new(what, false, Detail::Failed(error.into()))
    }
}

/// The results of all parts.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Findings {
    /// Whether every part works.
    pub ok: bool,
    /// The results, part by part.
    pub items: Vec<Finding>,
}

/// Examines everything and changes nothing. Problems of the settings come first; the rest is examined with the
/// settings that could be read.
///
/// # Errors
/// [`OperationError::Store`] if the database fails during the examination.
pub async fn examine(settings: &Settings, program: &Program, read: SettingsRead) -> Result<Findings, OperationError> {
    let SettingsRead { file, file_unusable, problems } = read;
    let mut items: Vec<Finding> = problems.into_iter().map(setting_finding).collect();
    if items.iter().all(|finding| finding.what != Part::Settings) {
        items.insert(0, Finding::new(Part::Settings, true, Detail::DataDir(settings.data_dir.clone())));
    }
    if file_unusable {
        items.push(Finding::new(Part::Database, false, Detail::NotExamined));
        return Ok(Findings { ok: false, items });
    }
    examine_connectors_and_sources(settings, program, file.as_deref(), &mut items).await;
    if examine_database(settings, &mut items).await? {
        let namespace = examine_key_and_rows(settings, &mut items).await?;
        items.push(examine_queue(settings, &namespace).await);
    }
    Ok(Findings { ok: items.iter().all(|finding| finding.ok), items })
}

fn setting_finding(problem: SettingsProblem) -> Finding {
    let what = match &problem {
        SettingsProblem::UnknownVariable { .. } | SettingsProblem::NotANumber { .. } => Part::Environment,
        _ => Part::Settings,
    };
    Finding::new(what, false, Detail::Setting(SettingFinding { code: problem.code(), problem }))
}

/// Examines the database and its schema. Returns whether there is one with a current schema.
async fn examine_database(settings: &Settings, items: &mut Vec<Finding>) -> Result<bool, OperationError> {
    let db = match database::open_without_keys(settings, MayCreate::Nothing).await {
        Ok(db) => db,
        Err(error) => {
            items.push(Finding::from_error(Part::Database, error));
            return Ok(false);
        }
    };
    items.push(Finding::new(Part::Database, true, Detail::Database(db.kind())));
    let state = schema::read_state(&db).await?;
    let current = state == SchemaState::Current;
    items.push(Finding::new(Part::Schema, current, Detail::Schema(state)));
    db.close().await;
    Ok(current)
}

/// Examines key and rows. Returns the namespace of the queue, which is empty if the database cannot be opened.
async fn examine_key_and_rows(settings: &Settings, items: &mut Vec<Finding>) -> Result<String, OperationError> {
    let opened = match OpenDatabase::open(settings, MayCreate::Nothing).await {
        Ok(opened) => opened,
        Err(error) => {
            items.push(Finding::from_error(Part::Key, error));
            return Ok(String::new());
        }
    };
    items.push(Finding::new(Part::Key, true, Detail::KeyFile(settings.key_file.clone())));
    if let Some(mode) = key_file::readable_by_others(&settings.key_file) {
        let detail = Detail::Readable { path: settings.key_file.clone(), mode: format!("{mode:04o}") };
        items.push(Finding { warning: true, ..Finding::new(Part::KeyFile, true, detail) });
    }
    items.push(examine_rules(settings, &opened.db).await);
    laws::examine_laws(settings, &opened, items).await?;
    let namespace = opened.keys.namespace();
    opened.close().await;
    Ok(namespace)
}

async fn examine_rules(settings: &Settings, db: &Db) -> Finding {
    let active = match active_rules::read_active_objects(db).await {
        Ok(active) => active,
        Err(fault) => return Finding::from_error(Part::Rules, fault),
    };
    let objects = active.as_ref().map(|active| active.objects.as_slice()).unwrap_or_default();
    if active.is_some()
        && let Err(fault) = RuleTexts::from_objects(objects, settings).parse()
    {
        return Finding::from_error(Part::Rules, fault);
    }
    let differing = if active.is_some() { active_rules::find_differing(settings, objects) } else { vec![] };
    let in_force = objects.iter().map(|object| format!("{} {}", object.name, object.version)).collect();
    let warning = !differing.is_empty();
    let activation = active.as_ref().map(|active| active.activation);
    Finding { warning, ..Finding::new(Part::Rules, true, Detail::Rules { activation, in_force, differing }) }
}

async fn examine_queue(settings: &Settings, namespace: &str) -> Finding {
    let queue = match Queue::open(&settings.queue, namespace).await {
        Ok(queue) => queue,
        Err(fault) => return Finding::from_error(Part::Queue, fault),
    };
    let depth = queue.depth().await;
    let place = queue.place().to_string();
    queue.close().await;
    match depth {
        Ok(waiting) => Finding::new(Part::Queue, true, Detail::Queue { place, waiting }),
        Err(fault) => Finding::from_error(Part::Queue, fault),
    }
}

/// Examines every connector and where its manifest comes from, then every source.
async fn examine_connectors_and_sources(
    settings: &Settings,
    program: &Program,
    file: Option<&Path>,
    items: &mut Vec<Finding>,
) {
    // If the database cannot be read, `examine_database` reports that.
    let registered = registry::read_registered(settings).await.unwrap_or_default();
    let active = active_rules::find_active(settings).await.unwrap_or_else(|_| settings.clone());
    let in_use = rule_files::load_policy(&active)
        .map_err(OperationError::from)
        .and_then(|policy| Ok(registry::resolve_in_use(settings, program, &policy, &registered)?));
    match in_use {
        Ok(in_use) => {
            items.push(examine_connectors(&in_use, &registered));
            examine_sources(settings, file, &in_use, &registered, items);
        }
        Err(error) => items.push(Finding::from_error(Part::Connectors, error)),
    }
}

fn examine_connectors(InUse { found, unreadable }: &InUse, registered: &Registered) -> Finding {
    let connector = |FoundManifest { manifest, origin, .. }: &FoundManifest| ConnectorFound {
        connector: manifest.id.clone(),
        version: manifest.version_number(),
        origin: *origin,
    };
    let detail = Detail::Connectors {
        in_use: found.values().map(connector).collect(),
        disabled: registered.decided.iter().filter(|d| !d.enabled).map(|d| d.connector.clone()).collect(),
        unusable: unreadable.iter().map(|(id, of)| format!("{id} {}: {}", of.version, of.why)).collect(),
    };
    Finding::new(Part::Connectors, unreadable.is_empty(), detail)
}

/// Examines the sources of the settings file, and the registered ones that have no source of that name there.
fn examine_sources(
    settings: &Settings,
    file: Option<&Path>,
    in_use: &InUse,
    registered: &Registered,
    items: &mut Vec<Finding>,
) {
    let mut found = Vec::new();
    let finding = |source: &str, file: Option<&Path>, problem: SourceProblem| {
        let (source, file, code) = (source.to_owned(), file.map(Path::to_owned), problem.code());
        Finding::new(Part::Source, false, Detail::Source(SourceFinding { source, file, code, problem }))
    };
    for DuplicateName { name, times } in source_check::find_duplicate_names(&settings.sources) {
        found.push(finding(&name, file, SourceProblem::NameTwice { times }));
    }
    for source in &settings.sources {
        let problems = source_check::check_source(source, in_use, registered);
        found.extend(problems.into_iter().map(|problem| finding(&source.name, file, problem)));
    }
    let own: Vec<SourceSettings> = registered
        .sources
        .iter()
        .filter(|row| !settings.has_source(&row.name))
        .filter_map(|row| SourceSettings::from_row(row).ok())
        .collect();
    for source in &own {
        let problems = source_check::check_source(source, in_use, registered);
        found.extend(problems.into_iter().map(|problem| finding(&source.name, None, problem)));
    }
    if found.is_empty() {
        let all = settings.sources.len() + own.len();
        found.push(Finding::new(Part::Sources, true, Detail::Sources(all)));
    }
    items.append(&mut found);
}
