//! The `huiliu` binary: the only room with clock, environment and processes.

mod apart;
mod cli;
mod commands;
mod gate;
mod health;
mod heap;
mod keyfile;
mod metrics;
mod registry;
mod settings;
mod templates;
mod wire;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use crate::words::{both, spoken};

/// Why the program ends other than well: the exit code and one clear message.
#[derive(Debug)]
pub struct Stop {
    code: u8,
    message: String,
}

impl Stop {
    /// Usage or configuration: exit 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }

    /// A run failed or the books are not balanced: exit 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { code: 1, message: message.into() }
    }
}

impl From<huiliu_store::StoreFault> for Stop {
    fn from(fault: huiliu_store::StoreFault) -> Self {
        use huiliu_store::StoreFault as F;
        match fault {
            F::Address(_) | F::Unreachable(_) | F::Schema(_) | F::WrongKey | F::KeyGeneration(_) | F::KeyRetired => {
                Self::usage(spoken(&fault))
            }
            other => Self::failed(spoken(&other)),
        }
    }
}

impl From<huiliu_queue::QueueFault> for Stop {
    fn from(fault: huiliu_queue::QueueFault) -> Self {
        match fault {
            huiliu_queue::QueueFault::Unreachable { .. } => Self::usage(spoken(&fault)),
            other => Self::failed(spoken(&other)),
        }
    }
}

impl From<huiliu_engine::replay::ReplayFault> for Stop {
    fn from(fault: huiliu_engine::replay::ReplayFault) -> Self {
        match fault {
            huiliu_engine::replay::ReplayFault::Store(fault) => fault.into(),
            other => Self::usage(spoken(&other)),
        }
    }
}

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // Before anything else of ours is in its memory.
    if matches!(cli.command, cli::Command::Unpack) {
        return apart::child();
    }
    heap::narrow();
    // Database, key and backups hold data of people: what this process makes is its user's alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    // `match --config` names no settings file.
    let config = cli.globals.config.clone().filter(|_| !matches!(cli.command, cli::Command::Match { .. }));
    let settings = settings::Settings::read(&cli::Globals { config, ..cli.globals.clone() });
    words::begin_log(settings.as_ref().is_ok_and(|s| s.json_logs));
    // Only the first caller installs a provider; there is no other.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            words::note(&both!("huiliu: no threads: {e}", "huiliu：无法建立线程：{e}", e = spoken(&e)));
            return ExitCode::from(1);
        }
    };
    match settings.and_then(|settings| runtime.block_on(commands::run(cli, settings))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            words::note(&format!("huiliu: {}", stop.message));
            ExitCode::from(stop.code)
        }
    }
}
