//! Opens what a command needs: the database alone, or the whole runtime.

use std::path::Path;

use huiliu_connectors::CONNECTORS;
use huiliu_engine::database::{MayCreate, OpenDatabase};
use huiliu_engine::operations::RegistryAccess;
use huiliu_engine::program::Program;
use huiliu_engine::runtime::{ProcessNames, Runtime};

use crate::CliError;
use crate::settings::Settings;
use crate::subprocess::ChildProcesses;
use crate::words::{label, note};

/// Builds what this program contributes to the engine: its built-in connectors and the process that unpacks files.
pub fn build_program() -> Program {
    Program::new(CONNECTORS, Box::new(ChildProcesses))
}

/// Opens the database and its keys, for commands that only query or make a single change.
pub async fn open_database(settings: &Settings, make: MayCreate) -> Result<OpenDatabase, CliError> {
    let opened = OpenDatabase::open(&settings.engine, make).await.map_err(CliError::from_operation)?;
    note_made_key(opened.made_key.as_deref());
    Ok(opened)
}

/// Bundles what an operation needs to combine registered sources and connectors with those in the settings.
pub fn registry_access<'a>(
    opened: &'a OpenDatabase,
    settings: &'a Settings,
    program: &'a Program,
) -> RegistryAccess<'a> {
    RegistryAccess { opened, settings: &settings.engine, program }
}

/// Starts the whole runtime, for commands that sync, deliver or settle.
pub async fn start_runtime(settings: &Settings, make: MayCreate) -> Result<Runtime, CliError> {
    let holder = holder_id();
    let names = ProcessNames { holder: &holder, actor: &settings.actor };
    let started = Runtime::start(settings.engine.clone(), build_program(), make, names).await;
    let (runtime, opened) = started.map_err(CliError::from_operation)?;
    note_made_key(opened.made_key.as_deref());
    Ok(runtime)
}

/// Prints a note if a key file was created.
pub fn note_made_key(made: Option<&Path>) {
    if let Some(path) = made {
        let words = label("cli-open-made-root-key-back-up");
        note(&format!("{words}{}", path.display()));
    }
}

/// Returns host and process id. Stored with a claim, it lets operators find the process that holds a batch.
fn holder_id() -> String {
    format!("{}:{}", host_name(), std::process::id())
}

/// Returns this machine's host name.
pub fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}
