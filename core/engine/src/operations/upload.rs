//! Uploads files of a source as a run of their own, or plans the upload.

use std::path::PathBuf;
use std::sync::Arc;

use huiliu_messages::{SystemError, said_in_english};
use serde::Serialize;
use tokio::sync::watch;

use super::error::OperationError;
use super::sync::{self, Pass, PassOptions, Selection};
use crate::ingest::{PassStart, wait_for_stop};
use crate::registry::Recipe;
use crate::replay::MAX_DURATION;
use crate::runtime::Runtime;
use crate::sources::ReadySource;
use crate::upload_plan::{self, Plan};
use huiliu_platform::Failure;
use huiliu_platform::files::MAX_FILE_BYTES;
use huiliu_platform::files::handed::UploadConnector;

/// Why an upload is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum UploadError {
    /// One of the paths is not a file.
    #[serde(rename = "upload.file")]
    NotAFile {
        /// The path.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// Why it cannot be read.
        why: SystemError,
    },
    /// One of the files is too large.
    #[serde(rename = "upload.too_large")]
    TooLarge {
        /// The path.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        max: u64,
    },
    /// The connector has several streams, and none was named.
    #[serde(rename = "upload.stream")]
    WhichStream {
        /// The id of the connector.
        connector: String,
        /// The names of its streams.
        streams: Vec<String>,
    },
    /// The user has stopped the planning.
    #[serde(rename = "upload.stopped")]
    Stopped,
    /// The plan would block other writers for too long.
    #[serde(rename = "upload.too_long")]
    TooLong,
    /// The connector has no such stream, or does not accept files.
    #[serde(untagged)]
    Connector(Failure),
}

said_in_english!(UploadError);

impl UploadError {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAFile { .. } => "upload.file",
            Self::TooLarge { .. } => "upload.too_large",
            Self::WhichStream { .. } => "upload.stream",
            Self::Stopped => "upload.stopped",
            Self::TooLong => "upload.too_long",
            Self::Connector(_) => "upload.connector",
        }
    }
}

/// The files to upload, and where they belong.
#[derive(Debug, Clone)]
pub struct UploadedFiles {
    /// The source's name.
    pub source: String,
    /// The stream's name. May be `None` if the connector has only one stream.
    pub stream: Option<String>,
    /// The files, in the order in which they are read.
    pub files: Vec<PathBuf>,
}

/// Checks that all paths are files, and none too large. Called before anything else is opened.
///
/// # Errors
/// [`UploadError::NotAFile`] or [`UploadError::TooLarge`] for the first path of which it is true.
pub fn check_files(files: &[PathBuf]) -> Result<(), UploadError> {
    for file in files {
        let of = || file.clone();
        let (_, entry) = huiliu_files::open_given(file)
            .map_err(|why| UploadError::NotAFile { file: of(), why: std::io::Error::from(why).into() })?;
        if entry.size > MAX_FILE_BYTES {
            return Err(UploadError::TooLarge { file: of(), size: entry.size, max: MAX_FILE_BYTES });
        }
    }
    Ok(())
}

/// Uploads files as a run of their own.
///
/// # Errors
/// [`OperationError`].
pub async fn upload(
    runtime: &Runtime,
    handed: &UploadedFiles,
    options: PassOptions<'_>,
) -> Result<Pass, OperationError> {
    let (recipe, connector) = build_connector(runtime, handed)?;
    let ready = ReadySource::with_connector(runtime, recipe, Arc::new(connector)).await?;
    sync::sync_ready(runtime, vec![ready], PassOptions { from: PassStart::Handed, ..options }).await
}

/// Plans an upload: runs it in a transaction that is rolled back. Lists at most `told` teachers and as many dead
/// letters. Blocks other writers of the same rows (on SQLite, all writers) meanwhile, so it is limited to five
/// minutes.
///
/// # Errors
/// [`OperationError`].
pub async fn plan(
    runtime: &Runtime,
    handed: &UploadedFiles,
    told: usize,
    stop: &watch::Receiver<bool>,
) -> Result<Plan, OperationError> {
    let (recipe, connector) = build_connector(runtime, handed)?;
    let rehearsal = runtime.for_rehearsal().await?;
    let ready = ReadySource::with_connector(&rehearsal, recipe, Arc::new(connector)).await?;
    let lease = ready.lease_now(&rehearsal).await?;
    let asked = upload_plan::UploadPlanRequest {
        source: &ready.source,
        claim: lease.claim,
        connector: ready.connector(),
        batch_records: runtime.settings.batch_records,
        told,
    };
    let planned = upload_plan::plan_upload(&runtime.delivery.db, &rehearsal.delivery, asked);
    tokio::select! {
        biased;
        () = wait_for_stop(stop) => Err(UploadError::Stopped.into()),
        planned = tokio::time::timeout(MAX_DURATION, planned) => Ok(planned.map_err(|_| UploadError::TooLong)??),
    }
}

fn build_connector(runtime: &Runtime, handed: &UploadedFiles) -> Result<(Recipe, UploadConnector), OperationError> {
    let known = runtime.registry_snapshot();
    let selection = Selection { names: vec![handed.source.clone()], all: false };
    let source = sync::choose_sources(&known.sources, &selection)?.remove(0);
    known.may_read(&source.connector)?;
    let (recipe, manifest) = runtime.build_recipe(&source)?;
    let stream = match (&handed.stream, &manifest.stream[..]) {
        (Some(name), _) => name.clone(),
        (None, [only]) => only.name.clone(),
        (None, all) => {
            let streams = all.iter().map(|stream| stream.name.clone()).collect();
            return Err(UploadError::WhichStream { connector: manifest.id.clone(), streams }.into());
        }
    };
    let unpacker = Arc::clone(&runtime.program.unpacker);
    let connector = UploadConnector::new(manifest, &stream, handed.files.clone(), unpacker);
    Ok((recipe, connector.map_err(UploadError::Connector)?))
}
