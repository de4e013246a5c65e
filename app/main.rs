//! The `huiliu` binary: the only room with clock, environment and processes.

mod cli;
mod commands;
mod health;
mod malloc;
mod metrics;
mod open;
mod render;
mod settings;
mod subprocess;
mod table;
mod templates;
mod words;
mod worker;

use std::borrow::Cow;
use std::process::ExitCode;

use clap::FromArgMatches as _;
use huiliu_engine::operations::OperationError;
use huiliu_engine::settings_problem::SettingsProblem;

use crate::words::{sentence, spoken};

/// Why the program ends other than well: the exit code, a stable code for programs, and one clear message.
#[derive(Debug)]
pub struct CliError {
    exit: u8,
    code: Cow<'static, str>,
    message: String,
}

impl CliError {
    /// Usage or configuration: exit 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: 2, code: "usage".into(), message: message.into() }
    }

    /// A run failed or the books are not balanced: exit 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { exit: 1, code: "failed".into(), message: message.into() }
    }

    /// The same with a code that says more.
    pub fn with_code(self, code: &'static str) -> Self {
        Self { code: code.into(), ..self }
    }

    /// An operation was not done.
    pub fn from_operation(error: impl Into<OperationError>) -> Self {
        error.into().into()
    }

    /// A setting is not as it should be.
    pub fn from_settings(problem: &SettingsProblem) -> Self {
        Self { exit: 2, code: problem.code().into(), message: spoken(problem) }
    }

    /// What is told a person.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Tells it on standard error: as an object where the answer would have been one.
    fn tell(&self, json: bool) {
        if json {
            let error = serde_json::json!({ "error": { "code": self.code, "message": self.message } });
            words::say_error(&error.to_string());
        } else {
            words::note_error(&sentence!("cli-mistake-told", what = self.message));
        }
    }
}

impl From<OperationError> for CliError {
    fn from(error: OperationError) -> Self {
        let exit = if error.is_usage() { 2 } else { 1 };
        Self { exit, code: error.code(), message: spoken(&error) }
    }
}

impl From<SettingsProblem> for CliError {
    fn from(problem: SettingsProblem) -> Self {
        Self::from_settings(&problem)
    }
}

impl From<huiliu_store::StoreError> for CliError {
    fn from(fault: huiliu_store::StoreError) -> Self {
        OperationError::from(fault).into()
    }
}

fn main() -> ExitCode {
    let typed = cli::examples::command().try_get_matches();
    let cli = match typed.and_then(|typed| cli::Cli::from_arg_matches(&typed)) {
        Ok(cli) => cli,
        Err(error) => cli::mistake::tell(&error),
    };
    // Before anything else of ours is in its memory.
    if matches!(cli.command, cli::Command::Unpack) {
        return subprocess::child();
    }
    malloc::limit_arenas();
    // Database, key and backups hold data of people: what this process makes is its user's alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    // `match --config` names no settings file.
    let config = cli.globals.config.clone().filter(|_| !matches!(cli.command, cli::Command::Match { .. }));
    let reading = settings::Settings::read(&cli::Globals { config, ..cli.globals.clone() });
    let runs_alone = matches!(cli.command, cli::Command::Worker { .. } | cli::Command::Receive { .. });
    words::begin_log(reading.json_logs(), runs_alone);
    // Only the first caller installs a provider; there is no other.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            words::note_error(&sentence!("cli-main-huiliu-threads", e = words::spoken_system(&e)));
            return ExitCode::from(1);
        }
    };
    let json = cli.globals.json;
    match runtime.block_on(commands::run(cli, reading)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.tell(json);
            ExitCode::from(error.exit)
        }
    }
}
