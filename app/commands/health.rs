//! `health`: what a container engine or a person asks the worker that runs here.

use std::time::Duration;

use crate::Stop;
use crate::health::Ready;
use crate::settings::Settings;
use crate::words::{both, say, say_json, tr, word};

/// Asks `/health/ready` of the worker on this host.
pub async fn ask(settings: Settings, json: bool) -> Result<(), Stop> {
    let address = settings.health.ok_or_else(|| {
        Stop::usage(tr(
            "no health address is set; give the worker and this command the same `health` or HUILIU_HEALTH, as 127.0.0.1:9464",
            "没有设置健康检查地址；请为工作进程和此命令设置相同的 health 或 HUILIU_HEALTH，如 127.0.0.1:9464",
        ))
    })?;
    let silent = |why: String| {
        Stop::failed(both!(
            "no worker answers at {address}: {why}; is it running, with the same `health`?",
            "{address} 没有工作进程应答：{why}；它在运行吗，health 是否相同？"
        ))
    };
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(12)).build();
    let client = client.map_err(|e| silent(e.to_string()))?;
    let answer = client.get(format!("http://{address}/health/ready")).send().await;
    let answer = answer.map_err(|e| silent(if e.is_timeout() { "timeout".into() } else { e.to_string() }))?;
    let ready: Ready = answer.json().await.map_err(|e| silent(e.to_string()))?;
    if json {
        say_json(&ready);
    } else {
        for part in &ready.parts {
            say(format!("{} {} {}", if part.ok { "✓" } else { "✗" }, word(&part.part), part.detail).trim_end());
        }
    }
    if ready.ready {
        Ok(())
    } else {
        Err(Stop::failed(tr("the worker is not ready, see above", "工作进程未就绪，见上")))
    }
}
