//! `connectors list`, `show`, `check`; what changes them stands in [`super::register`].

use std::collections::BTreeMap;

use huiliu_connectors::CONNECTORS;
use huiliu_manifest::explain::{self, Tongue};
use huiliu_manifest::{Sample, reference, schema};
use huiliu_rules::policy::Policy;
use huiliu_store::admin::registry::Registered;

use super::authoring::{self, Look};
use super::register;
use crate::cli::Connectors;
use crate::registry::{self, Found, InUse, Origin};
use crate::settings::Settings;
use crate::words::{both, chinese, note, phrase, say, say_json, table, tr};
use crate::{Stop, gate};

pub async fn run(settings: Settings, asked: Connectors, json: bool) -> Result<(), Stop> {
    match asked {
        Connectors::Explain { place, schema } => explain(&place, schema),
        Connectors::Register { path, why } => register::register(settings, &path, why, json).await,
        Connectors::Versions { id } => register::versions(settings, &id, json).await,
        Connectors::Rollback { id, to, because } => register::rollback(settings, (&id, &to), &because, json).await,
        Connectors::Enable { id, because } => register::enable(settings, (&id, true), &because, json).await,
        Connectors::Disable { id, because } => register::enable(settings, (&id, false), &because, json).await,
        Connectors::Check { path: Some(path) } => authoring::check(&settings, &path, json),
        Connectors::New { name, from, out } => authoring::new(&name, from, out, json),
        Connectors::Test { path, accept } => authoring::test(&settings, &path, accept, json).await,
        Connectors::Preview { path, stream, sample, source, limit } => {
            authoring::preview(settings, Look { path, stream, sample, source, limit }, json).await
        }
        Connectors::List | Connectors::Show { .. } | Connectors::Check { path: None } => {
            look(&settings, asked, json).await
        }
        // `commands::run` has gone another way.
        Connectors::Infer { .. } | Connectors::Record { .. } => Ok(()),
    }
}

async fn look(settings: &Settings, asked: Connectors, json: bool) -> Result<(), Stop> {
    let policy = gate::policy(settings)?;
    let (in_use, registered) = registry::look(settings, &policy).await?;
    for (connector, (version, why)) in &in_use.unreadable {
        note(&both!(
            "connector {connector}: the registered version {version} cannot be used by this program: {why}",
            "连接器 {connector}：本程序无法使用已注册的第 {version} 版：{why}"
        ));
    }
    match asked {
        Connectors::Show { id } => show(&in_use.found, &registered, &id, json),
        Connectors::Check { .. } => check(settings, &policy, &in_use, json).await,
        _ => {
            list(&in_use, &registered, json);
            Ok(())
        }
    }
}

/// The manifest language, or one place of it, in the words of the locale.
fn explain(place: &str, of_editors: bool) -> Result<(), Stop> {
    let tongue = if chinese() { Tongue::Chinese } else { Tongue::English };
    if of_editors {
        say_json(&schema::schema());
    } else if place.is_empty() {
        say(&reference::reference(tongue));
    } else {
        say(&explain::explain(place, tongue).map_err(|why| Stop::usage(phrase(&why).into_owned()))?);
    }
    Ok(())
}

fn enabled(registered: &Registered, connector: &str) -> bool {
    registered.decided.iter().all(|d| d.connector != connector || d.enabled)
}

fn list(in_use: &InUse, registered: &Registered, json: bool) {
    if json {
        let row = |f: &Found| {
            let m = &f.manifest;
            serde_json::json!({ "connector": m.id, "version": m.version(), "title_zh": m.title_zh, "title_en": m.title_en,
                "profile": m.profile, "streams": m.stream.iter().map(|s| &s.name).collect::<Vec<_>>(),
                "origin": f.origin.as_str(), "enabled": enabled(registered, &m.id) })
        };
        say_json(&in_use.found.values().map(row).collect::<Vec<_>>());
        return;
    }
    let row = |f: &Found| {
        let m = &f.manifest;
        let streams: Vec<&str> = m.stream.iter().map(|s| s.name.as_str()).collect();
        let title = if chinese() { &m.title_zh } else { &m.title_en };
        let state = if enabled(registered, &m.id) { "" } else { tr("disabled", "已停用") };
        let from = f.origin.words().to_owned();
        vec![m.id.clone(), m.version().to_string(), title.clone(), streams.join(", "), from, state.to_owned()]
    };
    let heading = [
        tr("connector", "连接器"),
        tr("version", "版本"),
        tr("title", "名称"),
        tr("streams", "数据流"),
        tr("from", "来自"),
        "",
    ];
    table(&heading, &in_use.found.values().map(row).collect::<Vec<_>>());
}

fn show(found: &BTreeMap<String, Found>, registered: &Registered, id: &str, json: bool) -> Result<(), Stop> {
    let Some(Found { manifest, text, origin }) = found.get(id) else { return Err(register::unknown(id)) };
    if json {
        say_json(&serde_json::json!({ "connector": id, "version": manifest.version(), "origin": origin.as_str(),
            "enabled": enabled(registered, id), "manifest": text }));
        return Ok(());
    }
    say(text);
    note(&both!(
        "version {version}, {from}{state}",
        "第 {version} 版，{from}{state}",
        version = manifest.version(),
        from = origin.words(),
        state = if enabled(registered, id) { "" } else { tr(", disabled", "，已停用") }
    ));
    Ok(())
}

/// The samples that ship with a connector.
pub fn shipped(id: &str) -> Vec<Sample> {
    let shipped = CONNECTORS.iter().filter(|c| c.id == id).flat_map(|c| c.samples);
    let sample = |s: &huiliu_connectors::Sample| Sample {
        stream: s.stream.to_owned(),
        address: s.address.to_owned(),
        bytes: s.bytes.to_vec(),
        expected: s.expected.to_owned(),
    };
    shipped.map(sample).collect()
}

/// The samples of every connector through the stages of the manifest in use, against what is expected: those it was
/// registered with, or those that ship with it.
async fn check(settings: &Settings, policy: &Policy, in_use: &InUse, json: bool) -> Result<(), Stop> {
    let mut rows = Vec::new();
    for (id, found) in &in_use.found {
        crate::wire::convertible(&found.manifest, policy, &settings.pack_names())?;
        let samples = match found.origin {
            Origin::Registered => register::samples(settings, id, found.manifest.version()).await?,
            Origin::BuiltIn | Origin::Folder => shipped(id),
        };
        rows.extend(gate::try_samples(&found.manifest, &samples, policy).await?);
    }
    if json {
        say_json(&rows)
    } else {
        gate::show(&rows)
    }
    if rows.iter().all(|r| r.ok) {
        Ok(())
    } else {
        Err(Stop::failed(tr(
            "a sample does not give what its connector's folder expects, see above",
            "有样例与连接器目录中的预期结果不符，见上",
        )))
    }
}
