//! `demo`: the sandbox's platforms on loopback, the whole way, one balanced table.

use huiliu_engine::ingest::From;
use huiliu_platform::http::guard::Networks;
use huiliu_sandbox::{CLIENT, Options, SECRET, Sandbox, World};

use super::sync;
use crate::Stop;
use crate::settings::{Settings, SourceSettings};
use crate::wire::{self, Make};
use crate::words::{both, phrase, say, tr};

/// What was asked of the demo.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub records: u64,
    pub seed: u64,
    pub full: bool,
    pub changed: u8,
    pub calm: bool,
    pub json: bool,
}

pub async fn run(settings: Settings, asked: Asked) -> Result<(), Stop> {
    // The sandbox's platforms are on this host, and nowhere else.
    let settings = Settings { networks: Networks::loopback(), ..settings };
    let house = wire::open(settings, Make::Schema).await?;
    let folder = house.settings.data_dir.join(format!("demo-{}-{}-{}", asked.seed, asked.records, asked.changed));
    let drop_dir = folder.join("drop");
    let failed = |e: &dyn std::fmt::Display| {
        Stop::failed(both!("the sandbox cannot start: {e}", "模拟平台无法启动：{e}", e = phrase(&e.to_string())))
    };
    std::fs::create_dir_all(&drop_dir).map_err(|e| failed(&e))?;
    let options =
        Options { seed: asked.seed, records: asked.records, faults: !asked.calm, changed_percent: asked.changed };
    let truth = folder.join("truth.jsonl");
    World::new(options).write_truth(&truth).map_err(|e| failed(&e))?;
    let sandbox = Sandbox::start(options, &drop_dir).await.map_err(|e| failed(&e))?;
    let source = |connector: &str, name: &str| SourceSettings {
        name: format!("demo-{connector}"),
        connector: connector.into(),
        institution_code: format!("DEMO-{connector}"),
        institution_name: name.into(),
        base_url: sandbox.base_url(),
        user: CLIENT.into(),
        password: Some(SECRET.into()),
        folder: drop_dir.clone(),
        ..SourceSettings::default()
    };
    let sources = [
        source("institution", "示范培训机构"),
        source("intel", "英特尔未来教育"),
        source("cmcc", "中国移动"),
        source("lego", "乐高"),
        source("microsoft", "微软携手助学"),
    ];
    let from = if asked.full { From::Start } else { From::Cursor };
    let pass = sync::pass(&house, &sources, sync::Pace { from, land_only: false, expected: Some(asked.records) }).await;
    sandbox.stop().await;
    let pass = pass?;
    sync::show(&pass, asked.json);
    if !asked.json {
        say(&format!("  {}{}", tr("what should have come out: ", "应得结果："), truth.display()));
    }
    house.close().await;
    sync::verdict(&pass)
}
