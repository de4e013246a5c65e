//! `upload`: uploads files of a source in a run of their own, or shows what this would change.

use std::path::PathBuf;

use huiliu_engine::database::MayCreate;
use huiliu_engine::ingest::PassStart;
use huiliu_engine::operations::decisions::Mode;
use huiliu_engine::operations::upload::{self, UploadedFiles};
use huiliu_engine::operations::{correction_sheets, handed_sheets};

use super::corrections::{check_taken, import_sheet, show_taken};
use super::sync::{PassRunner, check_verdict, show_pass};
use super::{planned, plans};
use crate::render::show;
use crate::settings::Settings;
use crate::stop::watch_stop_signals;
use crate::words::{label, message_text, note, sentence};
use crate::{CliError, open};

/// Arguments of `upload`.
#[derive(Debug)]
pub struct UploadArgs {
    pub source: String,
    pub files: Vec<PathBuf>,
    pub stream: Option<String>,
    pub land_only: bool,
    /// If set, only shows what would happen.
    pub plan: Option<PlanShown>,
    pub json: bool,
}

/// How much of a plan to show.
#[derive(Debug, Clone, Copy)]
pub struct PlanShown {
    /// Show every teacher and every dead letter.
    pub all: bool,
    /// Show at most this many teachers, and dead letters.
    pub limit: Option<usize>,
}

/// How many teachers, and dead letters, a plan contains by default.
const DEFAULT_ROWS: usize = 100;

pub async fn run(settings: Settings, asked: UploadArgs) -> Result<(), CliError> {
    let UploadArgs { source, files, stream, land_only, plan, json } = asked;
    upload::check_files(&files).map_err(CliError::from_operation)?;
    let handed = UploadedFiles { source, stream, files };
    if let Some(plan) = plan {
        return plan_upload(settings, &handed, plan, json).await;
    }
    let runtime = open::start_runtime(&settings, MayCreate::Files).await?;
    if let [file] = &handed.files[..]
        && let Ok(bytes) = correction_sheets::read_file(file)
        && handed_sheets::is_sheet(&runtime, &file.display().to_string(), &bytes).await
    {
        let taken = import_sheet(&settings, &runtime, &handed.source, file, Mode::Apply, None).await?;
        runtime.close().await;
        show(json, &taken, show_taken);
        return check_taken(&taken);
    }
    let synced = PassRunner { settings: &settings, from: PassStart::Handed, land_only, expected: None };
    let pass = synced.run_pass(&runtime, async |options| upload::upload(&runtime, &handed, options).await).await?;
    show(json, &pass, show_pass);
    runtime.close().await;
    if pass.stopped {
        note(label("cli-upload-what-was-handed-until-then"));
    }
    check_verdict(&pass)
}

async fn plan_upload(settings: Settings, handed: &UploadedFiles, shown: PlanShown, json: bool) -> Result<(), CliError> {
    let runtime = open::start_runtime(&settings, MayCreate::Nothing).await?;
    let PlanShown { all, limit } = shown;
    let told = if all { usize::MAX } else { limit.unwrap_or(DEFAULT_ROWS) };
    let plan = upload::plan(&runtime, handed, told, &watch_stop_signals()?).await?;
    runtime.close().await;
    show(json, &plan, |plan| planned::show_plan(plan, all || limit.is_some(), plans::row_limit(all, limit)));
    match &plan.failure {
        None => Ok(()),
        Some(why) => {
            Err(CliError::failed(sentence!("cli-upload-files-cannot-read-their-end", why = message_text(why)))
                .with_code("upload.unreadable"))
        }
    }
}
