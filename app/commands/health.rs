//! `health`: what a container engine or a person asks the worker that runs here.

use std::time::Duration;

use huiliu_engine::operations::health::{PartState, Readiness, Trouble, WorkerPart};

use crate::CliError;
use crate::render::show;
use crate::settings::Settings;
use crate::words::{both, phrase, say, tr};

/// Asks `/health/ready` of the worker on this host.
pub async fn ask(settings: Settings, json: bool) -> Result<(), CliError> {
    let address = settings.health.ok_or_else(|| {
        CliError::usage(tr(
            "no health address is set; give the worker and this command the same `health` or HUILIU_HEALTH, as 127.0.0.1:9464",
            "没有设置健康检查地址；请为工作进程和此命令设置相同的 health 或 HUILIU_HEALTH，如 127.0.0.1:9464",
        ))
    })?;
    let silent = |why: String| {
        CliError::failed(both!(
            "no worker answers at {address}: {why}; is it running, with the same `health`?",
            "{address} 没有工作进程应答：{why}；它在运行吗，health 是否相同？"
        ))
    };
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(12)).build();
    let client = client.map_err(|e| silent(e.to_string()))?;
    let answer = client.get(format!("http://{address}/health/ready")).send().await;
    let answer = answer.map_err(|e| silent(if e.is_timeout() { "timeout".into() } else { e.to_string() }))?;
    let ready: Readiness = answer.json().await.map_err(|e| silent(e.to_string()))?;
    show(json, &ready, |ready| ready.parts.iter().for_each(show_part));
    if ready.ready {
        Ok(())
    } else {
        Err(CliError::failed(tr("the worker is not ready, see above", "工作进程未就绪，见上")))
    }
}

fn show_part(part: &PartState) {
    let name = match part.part {
        WorkerPart::Database => tr("database", "数据库"),
        WorkerPart::Schema => tr("schema", "数据库结构"),
        WorkerPart::Queue => tr("queue", "队列"),
        WorkerPart::Sweep => tr("sweep", "巡查"),
    };
    let trouble = part.trouble.as_ref().map_or_else(String::new, |trouble| match trouble {
        Trouble::NoAnswer(s) => both!("no answer within {s} s", "{s} 秒内没有应答"),
        Trouble::Failed(why) => phrase(why).into_owned(),
        Trouble::Schema(state) => format!("{state:?}"),
        Trouble::Unknown => both!("not known", "未知"),
        Trouble::NoSweep => both!("none yet", "尚无"),
        Trouble::SweepOverdue(s) => both!("{s} s ago", "{s} 秒前"),
    });
    say(format!("{} {name} {trouble}", if part.ok { "✓" } else { "✗" }).trim_end());
}
