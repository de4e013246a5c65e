//! Files of a source are handed in, as a run of their own; or it is told what would come of it.

use std::path::PathBuf;
use std::sync::Arc;

use huiliu_messages::said_in_english;
use serde::Serialize;
use tokio::sync::watch;

use super::error::OperationError;
use super::sync::{self, Pass, PassOptions, Selection};
use crate::ingest::{From, told_to};
use crate::registry::Recipe;
use crate::replay::MAX_DURATION;
use crate::runtime::Runtime;
use crate::sources::ReadySource;
use crate::upload_plan::{self, Plan};
use huiliu_platform::Failure;
use huiliu_platform::files::handed::HandedConnector;

/// Why files are not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum UploadError {
    /// One is no file.
    #[serde(rename = "upload.file")]
    NotAFile {
        /// Which.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
    },
    /// The connector has several streams.
    #[serde(rename = "upload.stream")]
    WhichStream {
        /// The connector.
        connector: String,
        /// Its streams.
        streams: Vec<String>,
    },
    /// Whoever asked for the plan has stopped it.
    #[serde(rename = "upload.stopped")]
    Stopped,
    /// The plan would hold up others for too long.
    #[serde(rename = "upload.too_long")]
    TooLong,
    /// The connector has no such stream, or cannot be handed files.
    #[serde(untagged)]
    Connector(Failure),
}

said_in_english!(UploadError);

impl UploadError {
    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAFile { .. } => "upload.file",
            Self::WhichStream { .. } => "upload.stream",
            Self::Stopped => "upload.stopped",
            Self::TooLong => "upload.too_long",
            Self::Connector(_) => "upload.connector",
        }
    }
}

/// What is handed in.
#[derive(Debug, Clone)]
pub struct Handed {
    /// The source.
    pub source: String,
    /// The stream; none where the connector has only one.
    pub stream: Option<String>,
    /// The files, in this order.
    pub files: Vec<PathBuf>,
}

/// Whether all files can be read; asked before anything is opened.
///
/// # Errors
/// [`UploadError::NotAFile`].
pub fn check_files(files: &[PathBuf]) -> Result<(), UploadError> {
    match files.iter().find(|file| !file.is_file()) {
        Some(file) => Err(UploadError::NotAFile { file: file.clone() }),
        None => Ok(()),
    }
}

/// Hands files in, as a run of their own.
///
/// # Errors
/// [`OperationError`].
pub async fn upload(runtime: &Runtime, handed: &Handed, options: PassOptions<'_>) -> Result<Pass, OperationError> {
    let (recipe, connector) = connector(runtime, handed)?;
    let ready = ReadySource::over(runtime, recipe, Arc::new(connector)).await?;
    sync::sync_ready(runtime, vec![ready], PassOptions { from: From::Handed, ..options }).await
}

/// Tells what would come of it: the upload itself, in a transaction from which nothing remains. At most `told` teachers and
/// as many dead letters are told. While it lasts, whoever writes the same rows waits; on SQLite whoever writes at all;
/// so it is given five minutes.
///
/// # Errors
/// [`OperationError`].
pub async fn plan(
    runtime: &Runtime,
    handed: &Handed,
    told: usize,
    stop: &watch::Receiver<bool>,
) -> Result<Plan, OperationError> {
    let (recipe, connector) = connector(runtime, handed)?;
    let rehearsal = runtime.rehearse().await?;
    let ready = ReadySource::over(&rehearsal, recipe, Arc::new(connector)).await?;
    let lease = ready.lease_now(&rehearsal).await?;
    let asked = upload_plan::Asked {
        source: &ready.source,
        claim: lease.claim,
        connector: ready.connector(),
        batch_records: runtime.settings.batch_records,
        told,
    };
    let planned = upload_plan::plan(&runtime.delivery.db, &rehearsal.delivery, asked);
    tokio::select! {
        biased;
        () = told_to(stop) => Err(UploadError::Stopped.into()),
        planned = tokio::time::timeout(MAX_DURATION, planned) => Ok(planned.map_err(|_| UploadError::TooLong)??),
    }
}

fn connector(runtime: &Runtime, handed: &Handed) -> Result<(Recipe, HandedConnector), OperationError> {
    let known = runtime.known();
    let selection = Selection { names: vec![handed.source.clone()], all: false };
    let source = sync::choose(&known.sources, &selection)?.remove(0);
    known.may_read(&source.connector)?;
    let (recipe, manifest) = runtime.recipe(&source)?;
    let stream = match (&handed.stream, &manifest.stream[..]) {
        (Some(name), _) => name.clone(),
        (None, [only]) => only.name.clone(),
        (None, all) => {
            let streams = all.iter().map(|stream| stream.name.clone()).collect();
            return Err(UploadError::WhichStream { connector: manifest.id.clone(), streams }.into());
        }
    };
    let unpacker = Arc::clone(&runtime.program.unpacker);
    let connector = HandedConnector::new(manifest, &stream, handed.files.clone(), unpacker);
    Ok((recipe, connector.map_err(UploadError::Connector)?))
}
