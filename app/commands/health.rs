//! `health`: asks the worker on this host whether it is ready, for container engines and people.

use std::time::Duration;

use huiliu_engine::operations::health::{PartState, Readiness, Trouble, WorkerPart};

use crate::CliError;
use crate::render::show;
use crate::settings::Settings;
use crate::words::{label, message_text, say, schema_state_text, sentence};

/// Requests `/health/ready` from the worker on this host and fails unless it is ready.
pub async fn check_health(settings: Settings, json: bool) -> Result<(), CliError> {
    let address = settings.health.ok_or_else(|| CliError::usage(label("cli-health-health-address-set-give-worker")))?;
    let silent =
        |why: String| CliError::failed(sentence!("cli-health-worker-answers-running-same-health", address, why));
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(12)).build();
    let client = client.map_err(|e| silent(e.to_string()))?;
    let answer = client.get(format!("http://{address}/health/ready")).send().await;
    let answer = answer.map_err(|e| silent(if e.is_timeout() { "timeout".into() } else { e.to_string() }))?;
    let ready: Readiness = answer.json().await.map_err(|e| silent(e.to_string()))?;
    show(json, &ready, |ready| ready.parts.iter().for_each(show_part));
    if ready.ready { Ok(()) } else { Err(CliError::failed(label("cli-health-worker-ready-see-above"))) }
}

fn show_part(part: &PartState) {
    let name = match part.part {
        WorkerPart::Database => label("cli-health-database"),
        WorkerPart::Schema => label("cli-health-schema"),
        WorkerPart::Queue => label("cli-health-queue"),
        WorkerPart::Sweep => label("cli-health-sweep"),
    };
    let trouble = part.trouble.as_ref().map_or_else(String::new, |trouble| match trouble {
        Trouble::NoAnswer(s) => sentence!("cli-health-answer-within", s),
        Trouble::Failed(why) => message_text(why),
        Trouble::Schema(state) => schema_state_text(*state),
        Trouble::Unknown => label("cli-health-known").to_owned(),
        Trouble::NoSweep => label("cli-health-none-yet").to_owned(),
        Trouble::SweepOverdue(s) => sentence!("cli-health-ago", s),
    });
    say(format!("{} {name} {trouble}", if part.ok { "✓" } else { "✗" }).trim_end());
}
