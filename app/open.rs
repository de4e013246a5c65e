//! Opens what a command works with: the database alone, or the whole runtime.

use std::path::Path;

use huiliu_connectors::CONNECTORS;
use huiliu_engine::database::{MayCreate, OpenDatabase};
use huiliu_engine::operations::RegistryAccess;
use huiliu_engine::program::Program;
use huiliu_engine::runtime::Runtime;

use crate::CliError;
use crate::settings::Settings;
use crate::subprocess::Processes;
use crate::words::{label, note};

/// What this program brings.
pub fn program() -> Program {
    Program::new(CONNECTORS, Box::new(Processes))
}

/// The database and its keys, for whoever asks.
pub async fn database(settings: &Settings, make: MayCreate) -> Result<OpenDatabase, CliError> {
    let opened = OpenDatabase::open(&settings.engine, make).await.map_err(CliError::from_operation)?;
    note_made_key(opened.made_key.as_deref());
    Ok(opened)
}

/// What an operation works with that asks what is registered and what the settings say.
pub fn access<'a>(opened: &'a OpenDatabase, settings: &'a Settings, program: &'a Program) -> RegistryAccess<'a> {
    RegistryAccess { opened, settings: &settings.engine, program }
}

/// All of it, for whoever syncs, delivers or settles.
pub async fn runtime(settings: &Settings, make: MayCreate) -> Result<Runtime, CliError> {
    let started = Runtime::start(settings.engine.clone(), program(), make, &holder()).await;
    let (runtime, opened) = started.map_err(CliError::from_operation)?;
    note_made_key(opened.made_key.as_deref());
    Ok(runtime)
}

/// Tells that a key file was made, if one was.
pub fn note_made_key(made: Option<&Path>) {
    if let Some(path) = made {
        let words = label("cli-open-made-root-key-back-up");
        note(&format!("{words}{}", path.display()));
    }
}

/// Host and process, so that operations find whoever holds a batch.
fn holder() -> String {
    format!("{}:{}", host(), std::process::id())
}

/// This machine's name.
pub fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}
