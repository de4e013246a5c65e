//! `connectors record`: turns a page of a real platform into a sample without real people.

use std::path::PathBuf;

use huiliu_engine::operations::record_sample::{self, RecordRequest, RecordedSample};

use super::authoring::{choose_page, runtime_for};
use crate::render::show;
use crate::settings::Settings;
use crate::words::{label, note, say, sentence};
use crate::{CliError, open};

/// Arguments of `connectors record`.
pub struct RecordArgs {
    /// The source whose first page is recorded.
    pub source: Option<String>,
    /// The file to use instead of a source.
    pub sample: Option<PathBuf>,
    pub stream: Option<String>,
    /// The connector's folder; the sample goes into its `samples/`.
    pub into: PathBuf,
}

pub async fn run(settings: &Settings, asked: &RecordArgs, json: bool) -> Result<(), CliError> {
    let runtime = runtime_for(settings, asked.source.as_deref()).await?;
    let request = RecordRequest {
        page: choose_page(runtime.as_ref(), asked.source.as_deref(), asked.sample.as_deref()),
        stream: asked.stream.as_deref(),
        into: &asked.into,
    };
    let recorded = record_sample::record(&settings.engine, &open::build_program(), request).await?;
    if let Some(runtime) = &runtime {
        runtime.close().await;
    }
    show(json, &recorded, |recorded| show_recorded(asked, recorded));
    Ok(())
}

fn show_recorded(asked: &RecordArgs, recorded: &RecordedSample) {
    let RecordedSample { written, names, id_numbers, others, rewritten, .. } = recorded;
    say(&sentence!("cli-record-wrote-names-id-numbers-other", where = written.display(), names, id_numbers, others));
    if *rewritten {
        note(label("cli-record-rewritten"));
    }
    note(&sentence!("cli-record-what-manifest-does-map-was", folder = asked.into.display()));
}
