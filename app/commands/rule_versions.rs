//! `rules register`, `activate`, `rollback`, `retire`, `versions`: changes the rules in force. With `--plan`, a command only
//! shows whose hours would change.

use std::path::PathBuf;

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::decisions::Mode;
use huiliu_engine::operations::rule_versions::{
    self, ObjectChange, RuleChangeState, RuleRegistration, RuleVersionShown, RuleVersions, WantedVersion,
};
use huiliu_engine::operations::{Act, ChangeOptions, RuleChange};

use super::plans;
use super::rules::{DEFAULT_TEACHERS, show_effect};
use crate::cli::RuleChangeArgs;
use crate::render::{format_moment, say_only_a_plan, show};
use crate::settings::{self, Settings};
use crate::table::print_table;
use crate::words::{label, say, sentence};
use crate::{CliError, open};

fn change_options(how: &RuleChangeArgs) -> ChangeOptions {
    ChangeOptions {
        mode: if how.plan { Mode::Plan } else { Mode::Apply },
        planned_on: how.planned_on,
        limit: if how.all { usize::MAX } else { how.limit.unwrap_or(DEFAULT_TEACHERS) },
    }
}

pub async fn register_files(
    settings: &Settings,
    files: Vec<PathBuf>,
    activates: bool,
    how: &RuleChangeArgs,
    json: bool,
) -> Result<(), CliError> {
    let files = settings::load_packs(files)?;
    let runtime = open::start_runtime(settings, MayCreate::Files).await?;
    let act = Act { actor: &settings.actor, because: &how.because };
    let request = RuleRegistration { files: &files, activates };
    let change = rule_versions::register(&runtime, act, request, change_options(how)).await;
    runtime.close().await;
    show(json, &change?, |change| show_change(change, how));
    Ok(())
}

pub async fn activate_versions(
    settings: &Settings,
    versions: &[String],
    how: &RuleChangeArgs,
    json: bool,
) -> Result<(), CliError> {
    let wanted = versions.chunks(2).map(parse_version).collect::<Result<Vec<_>, _>>()?;
    let runtime = open::start_runtime(settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: &how.because };
    let change = rule_versions::activate(&runtime, act, &wanted, change_options(how)).await;
    runtime.close().await;
    show(json, &change?, |change| show_change(change, how));
    Ok(())
}

fn parse_version(pair: &[String]) -> Result<WantedVersion, CliError> {
    match pair {
        [name, version] if version.parse::<i64>().is_ok() => {
            Ok(WantedVersion { name: name.clone(), version: version.parse().unwrap_or_default() })
        }
        other => Err(CliError::usage(sentence!("cli-rules-name-version", given = other.join(" ")))),
    }
}

pub async fn roll_back(
    settings: &Settings,
    name: Option<String>,
    how: &RuleChangeArgs,
    json: bool,
) -> Result<(), CliError> {
    let runtime = open::start_runtime(settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: &how.because };
    let change = rule_versions::rollback(&runtime, act, name.as_deref(), change_options(how)).await;
    runtime.close().await;
    show(json, &change?, |change| show_change(change, how));
    Ok(())
}

pub async fn retire_pack(settings: &Settings, name: &str, how: &RuleChangeArgs, json: bool) -> Result<(), CliError> {
    let runtime = open::start_runtime(settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: &how.because };
    let change = rule_versions::retire(&runtime, act, name, change_options(how)).await;
    runtime.close().await;
    show(json, &change?, |change| show_change(change, how));
    Ok(())
}

fn show_change(change: &RuleChange, how: &RuleChangeArgs) {
    for ObjectChange { name, before, after, .. } in &change.objects {
        let version = |version: &Option<i64>| version.map_or_else(|| "—".to_owned(), |version| version.to_string());
        say(&sentence!("cli-rules-version-changes", name, before = version(before), after = version(after)));
    }
    match change.state {
        RuleChangeState::Unchanged => return say(label("cli-rules-in-force-already")),
        RuleChangeState::Stored => return say(label("cli-rules-stored")),
        RuleChangeState::Planned | RuleChangeState::Activated => {}
    }
    if !change.objects.is_empty() {
        show_effect(&change.totals, &change.teachers, plans::row_limit(how.all, how.limit));
    }
    match change.activation {
        Some(activation) => say(&sentence!("cli-rules-activated", activation)),
        None => {
            say(&sentence!("cli-rules-planned-on", activation = change.planned_on));
            say_only_a_plan();
        }
    }
}

pub async fn list_versions(settings: &Settings, name: Option<&str>, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let versions = rule_versions::versions(&opened, name).await;
    opened.close().await;
    show(json, &versions?, show_versions);
    Ok(())
}

fn show_versions(versions: &RuleVersions) {
    let cells = |row: &RuleVersionShown| {
        vec![
            row.name.clone(),
            row.version.to_string(),
            if row.in_force { label("cli-rules-in-force") } else { "" }.to_owned(),
            format_moment(&row.registered_at),
            row.registered_by.clone(),
            row.because.clone(),
        ]
    };
    let heading = [
        label("cli-rules-name"),
        label("cli-register-version"),
        "",
        label("cli-register-at"),
        label("cli-register-by"),
        label("cli-register-because"),
    ];
    print_table(&heading, &versions.page.items.iter().map(cells).collect::<Vec<_>>());
    if let Some(activation) = versions.activation {
        say(&sentence!("cli-rules-activation-in-force", activation));
    }
}
