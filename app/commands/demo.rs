//! `demo`: runs everything, from reading to credit entries, against the sandbox's platforms on loopback, and prints one
//! balanced table.

use std::path::Path;
use std::sync::Arc;

use huiliu_engine::database::MayCreate;
use huiliu_engine::ingest::PassStart;
use huiliu_engine::settings::{Settings as Engine, SourceSettings};
use huiliu_platform::http::guard::Networks;
use huiliu_sandbox::{CLIENT, Options, SECRET, Sandbox, World};

use super::sync::{PassRunner, check_verdict, show_pass};
use crate::render::show;
use crate::settings::Settings;
use crate::words::{label, say, sentence, system_error_text};
use crate::{CliError, open};

/// Arguments of `demo`.
#[derive(Debug, Clone, Copy)]
pub struct DemoArgs {
    pub records: u64,
    pub seed: u64,
    pub full: bool,
    pub changed: u8,
    pub calm: bool,
    pub json: bool,
}

/// The connectors of the demo, with the names of their institutions.
const SOURCES: [(&str, &str); 5] = [
    ("institution", "示范培训机构"),
    ("intel", "英特尔未来教育"),
    ("cmcc", "中国移动"),
    ("lego", "乐高"),
    ("microsoft", "微软携手助学"),
];

pub async fn run(settings: Settings, asked: DemoArgs) -> Result<(), CliError> {
    // The sandbox's platforms listen on loopback only, so nothing else is allowed.
    let engine = Engine { networks: Networks::loopback(), ..Engine::clone(&settings.engine) };
    let settings = Settings { engine: Arc::new(engine), ..settings };
    let runtime = open::start_runtime(&settings, MayCreate::Schema).await?;
    let folder = settings.engine.data_dir.join(format!("demo-{}-{}-{}", asked.seed, asked.records, asked.changed));
    let drop_dir = folder.join("drop");
    std::fs::create_dir_all(&drop_dir).map_err(|e| sandbox_error(&e))?;
    let options =
        Options { seed: asked.seed, records: asked.records, faults: !asked.calm, changed_percent: asked.changed };
    let truth = folder.join("truth.jsonl");
    World::new(options).write_truth(&truth).map_err(|e| sandbox_error(&e))?;
    let sandbox = Sandbox::start(options, &drop_dir).await.map_err(|e| sandbox_error(&e))?;
    sort_files(&drop_dir).map_err(|e| sandbox_error(&e))?;
    let sources = SOURCES.map(|(connector, name)| build_demo_source(connector, name, &sandbox.base_url(), &drop_dir));
    let from = if asked.full { PassStart::Start } else { PassStart::Cursor };
    let pass = PassRunner { settings: &settings, from, land_only: false, expected: Some(asked.records) };
    let pass = pass.sync_sources(&runtime, &sources).await;
    sandbox.stop().await;
    let pass = pass?;
    show(asked.json, &pass, |pass| {
        show_pass(pass);
        say(&format!("  {}{}", label("cli-demo-what-should-come-out"), truth.display()));
    });
    runtime.close().await;
    check_verdict(&pass)
}

/// Moves the files of each institution into a folder of its own, because a name that fits no pattern of a source is told.
fn sort_files(drop_dir: &Path) -> std::io::Result<()> {
    for (connector, prefix) in [("cmcc", "CMCC_"), ("lego", "LEGO_")] {
        let own = drop_dir.join(connector);
        std::fs::create_dir_all(&own)?;
        for file in std::fs::read_dir(drop_dir)? {
            let name = file?.file_name();
            if name.to_string_lossy().starts_with(prefix) {
                std::fs::rename(drop_dir.join(&name), own.join(&name))?;
            }
        }
    }
    Ok(())
}

fn sandbox_error(error: &(dyn std::error::Error + 'static)) -> CliError {
    let mut chain = std::iter::successors(Some(error), |e| e.source());
    let cause = chain.find_map(|e| e.downcast_ref::<std::io::Error>());
    let e = cause.map_or_else(|| format!("“{error}”"), system_error_text);
    CliError::failed(sentence!("cli-demo-sandbox-cannot-start", e)).with_code("sandbox")
}

fn build_demo_source(connector: &str, name: &str, base_url: &str, drop_dir: &Path) -> SourceSettings {
    SourceSettings {
        name: format!("demo-{connector}"),
        connector: connector.into(),
        institution_code: format!("DEMO-{connector}"),
        institution_name: name.into(),
        base_url: base_url.to_owned(),
        user: CLIENT.into(),
        password: Some(SECRET.into()),
        folder: drop_dir.join(connector),
        ..SourceSettings::default()
    }
}
