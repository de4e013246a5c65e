//! `upload`: files of a source are handed in, as a run of their own; or it is said what would come of it.

use std::path::PathBuf;
use std::sync::Arc;

use huiliu_engine::ingest::From;
use huiliu_platform::files::handed::HandedConnector;

use super::planned;
use super::sync::{self, Line, Pace};
use crate::Stop;
use crate::settings::Settings;
use crate::wire::{self, Make};
use crate::words::{both, spoken};

/// What was asked of `upload`.
#[derive(Debug)]
pub struct Asked {
    pub source: String,
    pub files: Vec<PathBuf>,
    pub stream: Option<String>,
    pub land_only: bool,
    /// Say only what would happen, of so many teachers and dead letters each.
    pub plan: Option<usize>,
    pub json: bool,
}

pub async fn run(settings: Settings, asked: Asked) -> Result<(), Stop> {
    let Asked { source, files, stream, land_only, plan, json } = asked;
    for file in &files {
        if !file.is_file() {
            return Err(Stop::usage(both!(
                "{file} is no file that can be read; nothing was handed in",
                "{file} 不是可读取的文件；未递交任何内容",
                file = file.display()
            )));
        }
    }
    let house = wire::open(settings, if plan.is_some() { Make::Nothing } else { Make::Files }).await?;
    let known = house.known();
    let chosen = sync::choose(&known.sources, std::slice::from_ref(&source), false)?;
    let mut lines = Vec::new();
    for source in &chosen {
        known.may_read(&source.connector)?;
        let (recipe, manifest) = house.recipe(source)?;
        let stream = match (&stream, &manifest.stream[..]) {
            (Some(name), _) => name.clone(),
            (None, [only]) => only.name.clone(),
            (None, all) => {
                let all = all.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
                return Err(Stop::usage(both!(
                    "connector {} has several streams; say with --stream to which the files belong: {all}",
                    "连接器 {} 有多个数据流；请用 --stream 说明文件属于哪一个：{all}",
                    manifest.id
                )));
            }
        };
        let unpacker = Arc::clone(&house.desk.unpacker);
        let handed = HandedConnector::new(manifest, (&stream, files.clone()), unpacker);
        let handed = Arc::new(handed.map_err(|e| Stop::usage(spoken(&e)))?);
        if let Some(told) = plan {
            return planned::run(&house, recipe, handed, told, json).await;
        }
        lines.push(Line::over(&house, recipe, handed).await?);
    }
    let pass = sync::pass_over(&house, lines, Pace { from: From::Handed, land_only, expected: None }).await?;
    sync::show(&pass, json);
    house.close().await;
    sync::verdict(&pass)
}
