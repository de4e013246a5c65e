//! `sync`, and the parts that `demo` and `upload` share with it: running a pass with a progress line, and showing its
//! result.

use huiliu_engine::database::{self, MayCreate};
use huiliu_engine::ingest::PassStart;
use huiliu_engine::operations::sync::{self, Pass, PassOptions, Selection, SkippedSource, Verdict};
use huiliu_engine::runtime::Runtime;
use huiliu_engine::settings::SourceSettings;
use huiliu_values::RunState;
use tokio::sync::watch;

use super::progress::ProgressLine;
use crate::render::{balance_cells, balance_heading, format_number, note_unread, show};
use crate::settings::Settings;
use crate::stop::watch_stop_signals;
use crate::table::print_table;
use crate::words::{counting, error_text, label, message_text, note, say, sentence};
use crate::worker::Worker;
use crate::{CliError, open};

/// Arguments of `sync`.
#[derive(Debug)]
pub struct SyncArgs {
    pub selection: Selection,
    pub from: PassStart,
    pub land_only: bool,
    pub json: bool,
}

pub async fn run(settings: Settings, asked: SyncArgs) -> Result<(), CliError> {
    let SyncArgs { selection, from, land_only, json } = asked;
    // Registered sources are known only once the database is open. If there is none yet, it is not created for a name
    // that the settings do not have.
    if !database::database_exists(&settings.engine) {
        sync::choose_sources(&settings.engine.sources, &selection).map_err(CliError::from_operation)?;
    }
    let runtime = open::start_runtime(&settings, MayCreate::Files).await?;
    let selected = sync::select(&runtime, &selection)?;
    for SkippedSource { name: source, because: error } in &selected.left_out {
        note(&sentence!("cli-sync-read", source, error = error_text(error)));
    }
    let pass = PassRunner { settings: &settings, from, land_only, expected: None };
    let pass = pass.sync_sources(&runtime, &selected.sources).await?;
    show(json, &pass, show_pass);
    runtime.notify().await;
    runtime.close().await;
    check_verdict(&pass)
}

/// Runs a pass in this process: it delivers batches and shows a progress line. `expected` is the number of records to
/// read, if known, and only used for that line.
pub struct PassRunner<'a> {
    pub settings: &'a Settings,
    pub from: PassStart,
    pub land_only: bool,
    pub expected: Option<u64>,
}

impl PassRunner<'_> {
    /// Syncs these sources.
    pub async fn sync_sources(&self, runtime: &Runtime, sources: &[SourceSettings]) -> Result<Pass, CliError> {
        self.run_pass(runtime, async |options| sync::sync(runtime, sources, options).await).await
    }

    /// Runs a pass: calls `pass` with its options, and removes the progress line afterwards.
    pub async fn run_pass<E: Into<CliError>>(
        &self,
        runtime: &Runtime,
        pass: impl AsyncFnOnce(PassOptions<'_>) -> Result<Pass, E>,
    ) -> Result<Pass, CliError> {
        let stop = watch_stop_signals()?;
        let worker = Worker::new(runtime.clone(), self.settings.config.clone());
        let start = |stopped: watch::Receiver<bool>| {
            let worker = worker.clone();
            tokio::spawn(async move { worker.run_until_stopped(stopped).await })
        };
        let line = ProgressLine::new(self.expected);
        let deliver: Option<sync::StartDelivery<'_>> = if self.land_only { None } else { Some(&start) };
        let passed = pass(PassOptions { from: self.from, deliver, stop: &stop, progress: &line }).await;
        line.clear();
        passed.map_err(Into::into)
    }
}

/// Shows the result of a pass.
pub fn show_pass(pass: &Pass) {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for source in &pass.sources {
        let mut row = vec![source.source.clone()];
        row.extend(balance_cells(&source.balance));
        rows.push(row);
    }
    let mut row = vec![label("cli-sync-total").to_owned()];
    row.extend(balance_cells(&pass.balance));
    rows.push(row);
    print_table(&balance_heading(label("cli-sync-source")), &rows);
    for source in &pass.sources {
        if let Some(failure) = &source.failure {
            let stopped = source.state == RunState::Stopped;
            let how = if stopped { label("cli-sync-stopped") } else { label("cli-sync-failed") };
            let what = format!("{how}{}", source.source);
            note(&sentence!("cli-render-labelled", what, text = message_text(failure)));
        }
    }
    for source in &pass.sources {
        note_unread(&source.source, &source.unread_payloads);
        source.notes.iter().for_each(|told| note(&message_text(told)));
    }
    let state = |ok: bool, yes: &'static str, no: &'static str| if ok { yes } else { no };
    say("");
    say(&format!(
        "  {} · {} · {} {} · {:.1} s",
        state(pass.balance.balanced, label("cli-sync-balanced"), label("cli-sync-balanced-2")),
        state(pass.balance.complete, label("cli-sync-complete"), label("cli-sync-complete-2")),
        format_number(pass.balance.teachers_due),
        label("cli-sync-teachers-due"),
        pass.seconds
    ));
}

/// Returns the error with which a pass ends the program, if any.
pub fn check_verdict(pass: &Pass) -> Result<(), CliError> {
    let (code, why) = match pass.judge_outcome() {
        Verdict::Well => return Ok(()),
        Verdict::NotBalanced => ("balance", label("cli-sync-books-balanced-fault-huiliu-please").to_owned()),
        Verdict::Stopped(undelivered) => {
            ("run.stopped", sentence!("cli-sync-stopped-what-was-received-kept", undelivered))
        }
        Verdict::Failed(source) => (
            "run.failed",
            sentence!(
                "cli-sync-source-run-failed-what-came",
                source = source.source,
                failure = source
                    .failure
                    .iter()
                    .chain(&pass.unmet)
                    .map(message_text)
                    .collect::<Vec<_>>()
                    .join(label("cli-sync-text"))
            ),
        ),
        Verdict::Unread(n) => ("payload.unread", counting!("cli-sync-open-payloads", n = n)),
        Verdict::Unmet(unmet) => (
            "run.unmet",
            sentence!(
                "cli-sync-expected-what-came-kept",
                value = unmet.iter().map(message_text).collect::<Vec<_>>().join(label("cli-sync-text"))
            ),
        ),
        Verdict::Stuck(n) => ("run.undelivered", sentence!("cli-sync-raw-records-delivered-they-tried", n)),
    };
    Err(CliError::failed(why).with_code(code))
}
