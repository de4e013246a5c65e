//! `upload`: files of a source are handed in, as a run of their own; or it is told what would come of it.

use std::path::PathBuf;

use huiliu_engine::database::MayCreate;
use huiliu_engine::ingest::PassStart;
use huiliu_engine::operations::upload::{self, UploadedFiles};

use super::sync::{Synced, show_pass, told_to_stop, verdict};
use super::{planned, plans};
use crate::render::show;
use crate::settings::Settings;
use crate::words::{label, note, said, sentence};
use crate::{CliError, open};

/// What was asked of `upload`.
#[derive(Debug)]
pub struct Asked {
    pub source: String,
    pub files: Vec<PathBuf>,
    pub stream: Option<String>,
    pub land_only: bool,
    /// Tell only what would happen.
    pub plan: Option<PlanShown>,
    pub json: bool,
}

/// How much of a plan is shown.
#[derive(Debug, Clone, Copy)]
pub struct PlanShown {
    /// Every teacher and dead letter.
    pub all: bool,
    /// So many of each.
    pub limit: Option<usize>,
}

/// Teachers, and dead letters, that JSON tells where nobody asks for more.
const TOLD: usize = 100;

pub async fn run(settings: Settings, asked: Asked) -> Result<(), CliError> {
    let Asked { source, files, stream, land_only, plan, json } = asked;
    upload::check_files(&files).map_err(CliError::from_operation)?;
    let handed = UploadedFiles { source, stream, files };
    if let Some(plan) = plan {
        return plan_upload(settings, &handed, plan, json).await;
    }
    let runtime = open::runtime(&settings, MayCreate::Files).await?;
    let synced = Synced { settings: &settings, from: PassStart::Handed, land_only, expected: None };
    let pass = synced.with_options(&runtime, async |options| upload::upload(&runtime, &handed, options).await).await?;
    show(json, &pass, show_pass);
    runtime.close().await;
    if pass.stopped {
        note(label("cli-upload-what-was-handed-until-then"));
    }
    verdict(&pass)
}

async fn plan_upload(settings: Settings, handed: &UploadedFiles, shown: PlanShown, json: bool) -> Result<(), CliError> {
    let runtime = open::runtime(&settings, MayCreate::Nothing).await?;
    let PlanShown { all, limit } = shown;
    let told = if all { usize::MAX } else { limit.unwrap_or(TOLD) };
    let plan = upload::plan(&runtime, handed, told, &told_to_stop()?).await?;
    runtime.close().await;
    show(json, &plan, |plan| planned::show_plan(plan, all || limit.is_some(), plans::shown(all, limit)));
    match &plan.failure {
        None => Ok(()),
        Some(why) => Err(CliError::failed(sentence!("cli-upload-files-cannot-read-their-end", why = said(why)))
            .with_code("upload.unreadable")),
    }
}
