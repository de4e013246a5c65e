//! `connectors record`: a page of a real platform becomes a sample without anybody real in it.

use std::path::PathBuf;

use huiliu_engine::operations::record_sample::{self, RecordRequest, RecordedSample};

use super::authoring::{page_of, runtime_for};
use crate::render::show;
use crate::settings::Settings;
use crate::words::{note, say, sentence};
use crate::{CliError, open};

/// What was asked.
pub struct Asked {
    /// A source, whose first page is taken.
    pub source: Option<String>,
    /// A file instead.
    pub sample: Option<PathBuf>,
    pub stream: Option<String>,
    /// The connector's folder.
    pub into: PathBuf,
}

pub async fn run(settings: &Settings, asked: &Asked, json: bool) -> Result<(), CliError> {
    let runtime = runtime_for(settings, asked.source.as_deref()).await?;
    let request = RecordRequest {
        page: page_of(runtime.as_ref(), asked.source.as_deref(), asked.sample.as_deref()),
        stream: asked.stream.as_deref(),
        into: &asked.into,
    };
    let recorded = record_sample::record(&settings.engine, &open::program(), request).await?;
    if let Some(runtime) = &runtime {
        runtime.close().await;
    }
    show(json, &recorded, |recorded| show_recorded(asked, recorded));
    Ok(())
}

fn show_recorded(asked: &Asked, recorded: &RecordedSample) {
    let RecordedSample { written, names, id_numbers, others, .. } = recorded;
    say(&sentence!("cli-record-wrote-names-id-numbers-other", where = written.display(), names, id_numbers, others));
    note(&sentence!("cli-record-what-manifest-does-map-was", folder = asked.into.display()));
}
