//! The `huiliu` binary: the only crate that reads the clock and the environment and starts processes.

mod cli;
mod commands;
mod health;
mod malloc;
mod metrics;
mod open;
mod problem;
mod render;
mod server;
mod settings;
mod stop;
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

use crate::words::{error_text, sentence};

/// Why the program fails: the exit code, a stable error code for programs, and one message for people.
#[derive(Debug)]
pub struct CliError {
    exit: u8,
    code: Cow<'static, str>,
    message: String,
}

impl CliError {
    /// Builds an error of usage or configuration: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: 2, code: "usage".into(), message: message.into() }
    }

    /// Builds an error for a failed run or a balance that does not add up: exit code 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { exit: 1, code: "failed".into(), message: message.into() }
    }

    /// Replaces the error code with a more specific one.
    pub fn with_code(self, code: &'static str) -> Self {
        Self { code: code.into(), ..self }
    }

    /// Builds the error of a failed operation: exit code 2 if the error is one of usage, else 1.
    pub fn from_operation(error: impl Into<OperationError>) -> Self {
        error.into().into()
    }

    /// Builds the error of an invalid setting: exit code 2.
    pub fn from_settings(problem: &SettingsProblem) -> Self {
        Self { exit: 2, code: problem.code().into(), message: error_text(problem) }
    }

    /// Returns the message for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Prints the error on standard error, as a JSON object under `--json`.
    fn print_error(&self, json: bool) {
        if json {
            let error = serde_json::json!({ "error": { "code": self.code, "message": self.message } });
            words::note_json(&error);
        } else {
            words::note_error(&sentence!("cli-mistake-told", lines = self.message));
        }
    }
}

impl From<OperationError> for CliError {
    fn from(error: OperationError) -> Self {
        let exit = if error.is_usage() { 2 } else { 1 };
        Self { exit, code: error.code(), message: error_text(&error) }
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
    let typed = cli::examples::build_command().try_get_matches();
    let cli = match typed.and_then(|typed| cli::Cli::from_arg_matches(&typed)) {
        Ok(cli) => cli,
        Err(error) => cli::parse_errors::report_and_exit(&error),
    };
    // The child unpacks before this process has set up anything else, so none of our data is in its memory.
    if matches!(cli.command, cli::Command::Unpack) {
        return subprocess::run_unpack_child();
    }
    malloc::limit_arenas();
    // Database, key and backups hold personal data: only this process's user may access the files it creates.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    // For `match`, `--config` names its own file and no settings file.
    let config = cli.globals.config.clone().filter(|_| !matches!(cli.command, cli::Command::Match { .. }));
    let reading = settings::Settings::read(&cli::Globals { config, ..cli.globals.clone() });
    let runs_alone = matches!(cli.command, cli::Command::Worker { .. } | cli::Command::Receive { .. });
    words::begin_log(reading.json_logs(), runs_alone);
    // This fails only if a provider is already installed, and nothing else installs one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            words::note_error(&sentence!("cli-main-huiliu-threads", e = words::system_error_text(&e)));
            return ExitCode::from(1);
        }
    };
    let json = cli.globals.json;
    let ended = runtime.block_on(commands::run(cli, reading));
    // A thread may still wait for a file that nobody writes, or be at work that nobody wants any more.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.print_error(json);
            ExitCode::from(error.exit)
        }
    }
}
