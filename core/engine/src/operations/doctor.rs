//! Looks at settings, database, queue and key, and changes nothing.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::error::OperationError;
use crate::database::{self, Make, OpenDatabase};
use crate::program::Program;
use crate::registry::{self, Found, InUse, Origin};
use crate::rule_files;
use crate::settings::Settings;
use huiliu_queue::Bell;
use huiliu_store::admin::reports;
use huiliu_store::sql::schema::{self, SchemaState};
use huiliu_vault::key_file;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The settings.
    Settings,
    /// Manifests in use.
    Connectors,
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
    /// It could not be looked at.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    Failed(OperationError),
}

fn as_text<S: serde::Serializer>(error: &OperationError, serializer: S) -> Result<S::Ok, S::Error> {
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

/// Looks at everything and changes nothing.
///
/// # Errors
/// [`OperationError::Store`] when the database breaks off in the midst.
pub async fn examine(settings: &Settings, program: &Program) -> Result<Findings, OperationError> {
    let mut items = vec![Finding::new(Part::Settings, true, Detail::DataDir(settings.data_dir.clone()))];
    items.push(connectors(settings, program).await);
    if examine_database(settings, &mut items).await? {
        let namespace = examine_books(settings, &mut items).await?;
        items.push(queue(settings, &namespace).await);
    }
    Ok(Findings { ok: items.iter().all(|finding| finding.ok), items })
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
    let bell = match Bell::open(&settings.queue, namespace).await {
        Ok(bell) => bell,
        Err(fault) => return Finding::failed(Part::Queue, fault),
    };
    let depth = bell.depth().await;
    let place = bell.place().to_string();
    bell.close().await;
    match depth {
        Ok(waiting) => Finding::new(Part::Queue, true, Detail::Queue { place, waiting }),
        Err(fault) => Finding::failed(Part::Queue, fault),
    }
}

/// Every connector, and where its manifest comes from.
async fn connectors(settings: &Settings, program: &Program) -> Finding {
    match look_at_connectors(settings, program).await {
        Ok(detail) => {
            let ok = !matches!(&detail, Detail::Connectors { unusable, .. } if !unusable.is_empty());
            Finding::new(Part::Connectors, ok, detail)
        }
        Err(error) => Finding::failed(Part::Connectors, error),
    }
}

async fn look_at_connectors(settings: &Settings, program: &Program) -> Result<Detail, OperationError> {
    let policy = rule_files::policy(settings)?;
    // What the database cannot tell is told with the database.
    let registered = registry::look(settings).await.unwrap_or_default();
    let InUse { found, unreadable } = registry::in_use(settings, program, &policy, &registered)?;
    let connector = |Found { manifest, origin, .. }: &Found| ConnectorFound {
        connector: manifest.id.clone(),
        version: manifest.version(),
        origin: *origin,
    };
    Ok(Detail::Connectors {
        in_use: found.values().map(connector).collect(),
        disabled: registered.decided.iter().filter(|d| !d.enabled).map(|d| d.connector.clone()).collect(),
        unusable: unreadable.iter().map(|(id, of)| format!("{id} {}: {}", of.version, of.why)).collect(),
    })
}
