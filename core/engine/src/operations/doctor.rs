//! Looks at settings, database, queue and key, and changes nothing.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::error::OperationError;
use crate::database::{self, Make, OpenDatabase};
use crate::program::Program;
use crate::registry::{self, Found, InUse, Origin};
use crate::rule_files;
use crate::settings::{Settings, SourceSettings};
use crate::settings_problem::{SettingsProblem, SettingsRead};
use crate::source_check::{self, SourceProblem};
use huiliu_queue::Queue;
use huiliu_store::admin::registry::Registered;
use huiliu_store::admin::reports;
use huiliu_store::sql::schema::{self, SchemaState};
use huiliu_vault::key_file;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The settings.
    Settings,
    /// An environment variable.
    Environment,
    /// Manifests in use.
    Connectors,
    /// The sources.
    Sources,
    /// One source.
    Source,
    /// The database.
    Database,
    /// Its schema.
    Schema,
    /// The root key.
    Key,
    /// Who can read the key file.
    KeyFile,
    /// Rows that point at nothing.
    Orphans,
    /// The queue.
    Queue,
}

/// A connector in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConnectorFound {
    /// Its id.
    pub connector: String,
    /// Its manifest's version.
    pub version: i64,
    /// Where the manifest comes from.
    pub origin: Origin,
}

/// Rows that point at nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OrphanCount {
    /// What they are.
    pub rows: String,
    /// How many.
    pub count: i64,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// The data directory.
    DataDir(PathBuf),
    /// Connectors.
    Connectors {
        /// In use.
        in_use: Vec<ConnectorFound>,
        /// Disabled.
        disabled: Vec<String>,
        /// Registered versions that this program cannot use, as `county 1: why`.
        unusable: Vec<String>,
    },
    /// `sqlite` or `postgresql`.
    Database(&'static str),
    /// How the schema stands.
    Schema(SchemaState),
    /// The key file.
    KeyFile(PathBuf),
    /// Others than the owner can read the key file.
    Readable {
        /// The file.
        path: PathBuf,
        /// Its mode, in octal digits.
        mode: String,
    },
    /// Rows that point at nothing; none is well.
    Orphans(Vec<OrphanCount>),
    /// The queue, and how many messages wait in it.
    Queue {
        /// Where it is.
        place: String,
        /// Messages.
        waiting: usize,
    },
    /// So many sources could be read.
    Sources(usize),
    /// Something is wrong with the settings as they were typed.
    Setting(SettingFinding),
    /// Something is wrong with a source.
    Source(SourceFinding),
    /// It was not looked at: the settings file cannot be read, and may say where it is.
    NotExamined,
    /// It could not be looked at.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    Failed(OperationError),
}

/// What is wrong with the settings.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SettingFinding {
    /// A stable code, for programs.
    pub code: &'static str,
    /// What is wrong, and what to do.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub problem: SettingsProblem,
}

/// What is wrong with a source.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SourceFinding {
    /// The source.
    pub source: String,
    /// The settings file it stands in; nothing for a registered one.
    pub file: Option<PathBuf>,
    /// A stable code, for programs.
    pub code: &'static str,
    /// What is wrong, and what to do.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub problem: SourceProblem,
}

fn as_text<S: serde::Serializer>(error: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&error.to_string())
}

/// One thing that was looked at.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// What.
    pub what: Part,
    /// Whether it works.
    pub ok: bool,
    /// It works, and is not as it should be.
    pub warning: bool,
    /// What was found.
    pub detail: Detail,
}

impl Finding {
    fn new(what: Part, ok: bool, detail: Detail) -> Self {
        Self { what, ok, warning: false, detail }
    }

    fn failed(what: Part, error: impl Into<OperationError>) -> Self {
        Self::new(what, false, Detail::Failed(error.into()))
    }
}

/// All that was looked at.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Findings {
    /// Whether all of it works.
    pub ok: bool,
    /// Part by part.
    pub items: Vec<Finding>,
}

/// Looks at everything and changes nothing. What is wrong with the settings as they were typed is told first; the rest is
/// looked at with what could be read of them.
///
/// # Errors
/// [`OperationError::Store`] when the database breaks off in the midst.
pub async fn examine(settings: &Settings, program: &Program, read: SettingsRead) -> Result<Findings, OperationError> {
    let SettingsRead { file, file_unusable, problems } = read;
    let mut items: Vec<Finding> = problems.into_iter().map(setting).collect();
    if items.iter().all(|finding| finding.what != Part::Settings) {
        items.insert(0, Finding::new(Part::Settings, true, Detail::DataDir(settings.data_dir.clone())));
    }
    if file_unusable {
        items.push(Finding::new(Part::Database, false, Detail::NotExamined));
        return Ok(Findings { ok: false, items });
    }
    connectors_and_sources(settings, program, file.as_deref(), &mut items).await;
    if examine_database(settings, &mut items).await? {
        let namespace = examine_books(settings, &mut items).await?;
        items.push(queue(settings, &namespace).await);
    }
    Ok(Findings { ok: items.iter().all(|finding| finding.ok), items })
}

fn setting(problem: SettingsProblem) -> Finding {
    let what = match &problem {
        SettingsProblem::UnknownVariable { .. } | SettingsProblem::NotANumber { .. } => Part::Environment,
        _ => Part::Settings,
    };
    Finding::new(what, false, Detail::Setting(SettingFinding { code: problem.code(), problem }))
}

/// Whether there is a database with a current schema.
async fn examine_database(settings: &Settings, items: &mut Vec<Finding>) -> Result<bool, OperationError> {
    let db = match database::open_alone(settings, Make::Nothing).await {
        Ok(db) => db,
        Err(error) => {
            items.push(Finding::failed(Part::Database, error));
            return Ok(false);
        }
    };
    items.push(Finding::new(Part::Database, true, Detail::Database(db.kind())));
    let state = schema::state(&db).await?;
    let current = state == SchemaState::Current;
    items.push(Finding::new(Part::Schema, current, Detail::Schema(state)));
    db.close().await;
    Ok(current)
}

/// Key and rows; gives the namespace of the queue.
async fn examine_books(settings: &Settings, items: &mut Vec<Finding>) -> Result<String, OperationError> {
    let opened = match OpenDatabase::open(settings, Make::Nothing).await {
        Ok(opened) => opened,
        Err(error) => {
            items.push(Finding::failed(Part::Key, error));
            return Ok(String::new());
        }
    };
    items.push(Finding::new(Part::Key, true, Detail::KeyFile(settings.key_file.clone())));
    if let Some(mode) = key_file::readable_by_others(&settings.key_file) {
        let detail = Detail::Readable { path: settings.key_file.clone(), mode: format!("{mode:04o}") };
        items.push(Finding { warning: true, ..Finding::new(Part::KeyFile, true, detail) });
    }
    let orphans = reports::orphans(&opened.db).await?;
    let counts: Vec<OrphanCount> =
        orphans.into_iter().map(|(rows, count)| OrphanCount { rows: rows.to_owned(), count }).collect();
    items.push(Finding::new(Part::Orphans, counts.is_empty(), Detail::Orphans(counts)));
    let namespace = opened.keys.namespace();
    opened.close().await;
    Ok(namespace)
}

async fn queue(settings: &Settings, namespace: &str) -> Finding {
    let queue = match Queue::open(&settings.queue, namespace).await {
        Ok(queue) => queue,
        Err(fault) => return Finding::failed(Part::Queue, fault),
    };
    let depth = queue.depth().await;
    let place = queue.place().to_string();
    queue.close().await;
    match depth {
        Ok(waiting) => Finding::new(Part::Queue, true, Detail::Queue { place, waiting }),
        Err(fault) => Finding::failed(Part::Queue, fault),
    }
}

/// Every connector and where its manifest comes from, then every source.
async fn connectors_and_sources(settings: &Settings, program: &Program, file: Option<&Path>, items: &mut Vec<Finding>) {
    // What the database cannot tell is told with the database.
    let registered = registry::look(settings).await.unwrap_or_default();
    let in_use = rule_files::policy(settings)
        .map_err(OperationError::from)
        .and_then(|policy| Ok(registry::in_use(settings, program, &policy, &registered)?));
    match in_use {
        Ok(in_use) => {
            items.push(connectors(&in_use, &registered));
            sources(settings, file, &in_use, &registered, items);
        }
        Err(error) => items.push(Finding::failed(Part::Connectors, error)),
    }
}

fn connectors(InUse { found, unreadable }: &InUse, registered: &Registered) -> Finding {
    let connector = |Found { manifest, origin, .. }: &Found| ConnectorFound {
        connector: manifest.id.clone(),
        version: manifest.version(),
        origin: *origin,
    };
    let detail = Detail::Connectors {
        in_use: found.values().map(connector).collect(),
        disabled: registered.decided.iter().filter(|d| !d.enabled).map(|d| d.connector.clone()).collect(),
        unusable: unreadable.iter().map(|(id, of)| format!("{id} {}: {}", of.version, of.why)).collect(),
    };
    Finding::new(Part::Connectors, unreadable.is_empty(), detail)
}

/// The sources of the settings file, and those registered that none of them stands before.
fn sources(
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
    for (name, times) in source_check::names_twice(&settings.sources) {
        found.push(finding(&name, file, SourceProblem::NameTwice { times }));
    }
    for source in &settings.sources {
        let problems = source_check::check(source, in_use, registered);
        found.extend(problems.into_iter().map(|problem| finding(&source.name, file, problem)));
    }
    let own: Vec<SourceSettings> = registered
        .sources
        .iter()
        .filter(|row| !settings.has_source(&row.name))
        .filter_map(|row| SourceSettings::registered(row).ok())
        .collect();
    for source in &own {
        let problems = source_check::check(source, in_use, registered);
        found.extend(problems.into_iter().map(|problem| finding(&source.name, None, problem)));
    }
    if found.is_empty() {
        let all = settings.sources.len() + own.len();
        found.push(Finding::new(Part::Sources, true, Detail::Sources(all)));
    }
    items.append(&mut found);
}
