//! `connectors record`: a page of a real platform becomes a sample without anybody real in it.

use std::path::PathBuf;

use huiliu_engine::operations::record_sample::{self, RecordRequest, RecordedSample};

use super::authoring::{page_of, runtime_for};
use crate::render::show;
use crate::settings::Settings;
use crate::words::{both, note, say};
use crate::{CliError, open};

/// What was asked.
pub struct Asked {
    /// A source, whose first page is taken.
    pub source: Option<String>,
    /// A file instead.
    pub sample: Option<PathBuf>,
    pub stream: Option<String>,
    /// The connector's folder.
    pub into: PathBuf,
}

pub async fn run(settings: &Settings, asked: &Asked, json: bool) -> Result<(), CliError> {
    let runtime = runtime_for(settings, asked.source.as_deref()).await?;
    let request = RecordRequest {
        page: page_of(runtime.as_ref(), asked.source.as_deref(), asked.sample.as_deref()),
        stream: asked.stream.as_deref(),
        into: &asked.into,
    };
    let recorded = record_sample::record(&settings.engine, &open::program(), request).await?;
    if let Some(runtime) = &runtime {
        runtime.close().await;
    }
    show(json, &recorded, |recorded| show_recorded(asked, recorded));
    Ok(())
}

fn show_recorded(asked: &Asked, recorded: &RecordedSample) {
    let RecordedSample { written, names, id_numbers, others, .. } = recorded;
    say(&both!(
        "wrote {place}: {names} names, {id_numbers} ID numbers and {others} other numbers and addresses are of nobody now",
        "已写入 {place}：{names} 个姓名、{id_numbers} 个身份证号、{others} 处其他号码和邮箱已换成虚构的",
        place = written.display()
    ));
    note(&both!(
        "what the manifest does not map was only searched for these people and for numbers: look through it before you pass it on; then `huiliu connectors test {folder} --accept`",
        "清单未映射的内容只查找了上述人员和号码：外传前请通读一遍；然后运行 `huiliu connectors test {folder} --accept`",
        folder = asked.into.display()
    ));
}
