//! `connectors register`, `versions`, `rollback`, `enable`, `disable`: connectors that come and go at run time.

use std::path::Path;

use huiliu_manifest::Sample;
use huiliu_store::Tx;
use huiliu_store::admin::registry::{NewVersion, Version};
use huiliu_store::admin::samples::content_digest;
use huiliu_store::admin::{audit, registry as store};
use huiliu_values::calendar::instant;
use serde::Serialize;
use serde_json::json;

use super::authoring::open_questions;
use super::decide::actor;
use crate::Stop;
use crate::cli::Why;
use crate::gate::{self, Checked, Package};
use crate::registry::{self, Found, Origin};
use crate::settings::Settings;
use crate::wire::{Books, Make};
use crate::words::{both, say, say_json, table, tr};

/// What `--to` says for the manifest that comes with the program, or stands in `manifests_dir`.
const BUILT_IN: &str = "built-in";

pub fn unknown(id: &str) -> Stop {
    Stop::usage(both!(
        "there is no connector {id:?}; see `huiliu connectors list`",
        "没有连接器 {id:?}；请看 `huiliu connectors list`"
    ))
}

/// Appends the audit entry of an act and commits both.
pub(super) async fn decided(
    mut tx: Tx,
    books: &Books,
    (action, object): (&str, &str),
    detail: serde_json::Value,
) -> Result<(), Stop> {
    audit::append(&mut tx, &books.keys, &actor(), action, (object, detail.to_string())).await?;
    Ok(tx.commit().await?)
}

pub async fn register(settings: Settings, path: &Path, why: Why, as_json: bool) -> Result<(), Stop> {
    let package = gate::read(path)?;
    open_questions(&package);
    let base = registry::base(&settings)?;
    above_built_in(&package, base.get(&package.manifest.id))?;
    let samples = gate::gate(&settings, &package.manifest, &package.samples).await?;
    if !as_json {
        gate::show(&samples);
    }
    if !samples.iter().all(|row| row.ok) {
        if as_json {
            say_json(&told(&package, "refused", &samples));
        }
        return Err(Stop::failed(tr(
            "nothing was registered: a sample does not give what is expected, see above",
            "未注册：有样例与预期结果不符，见上",
        )));
    }
    let because = why.because.unwrap_or_default();
    let state = keep(settings, &package, &because).await?;
    let (id, version) = (&package.manifest.id, package.manifest.version());
    if as_json {
        say_json(&told(&package, state, &samples));
    } else if state == "registered" {
        say(&both!(
            "connector {id} version {version} is registered and in use",
            "连接器 {id} 第 {version} 版已注册并启用"
        ));
    } else {
        say(&both!(
            "connector {id} version {version} is registered already with the same content; nothing was changed",
            "连接器 {id} 第 {version} 版早已注册，内容相同；未作改动"
        ));
        if state == "not_in_use" {
            say(&both!(
                "it is not in use; `huiliu connectors rollback {id} --to {version} --because TEXT` takes it into use",
                "它未在使用；可用 `huiliu connectors rollback {id} --to {version} --because 理由` 启用"
            ));
        }
    }
    Ok(())
}

fn told(package: &Package, state: &str, samples: &[Checked]) -> serde_json::Value {
    json!({ "connector": package.manifest.id, "version": package.manifest.version(), "state": state, "samples": samples })
}

/// A number means one manifest: that of the program is taken.
fn above_built_in(package: &Package, base: Option<&Found>) -> Result<(), Stop> {
    let (id, version) = (&package.manifest.id, package.manifest.version());
    match base {
        Some(found) if found.text == package.text => Err(Stop::usage(both!(
            "connector {id} version {version} is {origin} with the same content; there is nothing to register",
            "连接器 {id} 第 {version} 版为{origin}，内容相同；无需注册",
            origin = found.origin.words()
        ))),
        Some(found) if version <= found.manifest.version() => Err(raise(id, version, found.manifest.version())),
        _ if version < 1 => Err(raise(id, version, 0)),
        _ => Ok(()),
    }
}

fn raise(id: &str, version: i64, highest: i64) -> Stop {
    Stop::usage(both!(
        "connector {id}: version {version} is taken or older than what is there; raise `version` in the manifest above {highest}",
        "连接器 {id}：第 {version} 版已被占用或低于现有版本；请将清单中的 `version` 提高到 {highest} 以上"
    ))
}

/// Stores a version that has passed, and takes it into use.
async fn keep(settings: Settings, package: &Package, because: &str) -> Result<&'static str, Stop> {
    let books = Books::open(settings, Make::Files).await?;
    let (id, version) = (package.manifest.id.as_str(), package.manifest.version());
    let digest = content_digest(&books.keys, &package.text, &package.samples);
    let mut tx = store::begin(&books.db).await?;
    let (held, highest) = store::stored(&mut tx, id, version).await?;
    if held.as_deref() == Some(&digest[..]) {
        let in_use = store::decided(&mut tx, id).await?.and_then(|d| d.version) == Some(version);
        drop(tx);
        books.close().await;
        return Ok(if in_use { "unchanged" } else { "not_in_use" });
    }
    if let Some(highest) = highest.filter(|highest| version <= *highest) {
        return Err(raise(id, version, highest));
    }
    let actor = actor();
    let new =
        NewVersion { connector: id, version, digest: &digest, manifest: &package.text, samples: &package.samples };
    store::add_version(&mut tx, &books.keys, new, (&actor, because)).await?;
    store::decide(&mut tx, id, (Some(Some(version)), None), (&actor, because)).await?;
    let object = format!("connector {id} version {version}");
    decided(tx, &books, ("connector.register", &object), json!({ "because": because })).await?;
    books.close().await;
    Ok("registered")
}

/// The samples of a registered version.
pub async fn samples(settings: &Settings, id: &str, version: i64) -> Result<Vec<Sample>, Stop> {
    let books = Books::open(settings.clone(), Make::Nothing).await?;
    let samples = store::samples(&books.db, &books.keys, id, version).await?;
    books.close().await;
    Ok(samples.unwrap_or_default())
}

/// One version in a listing.
#[derive(Debug, Serialize)]
struct VersionTold {
    version: i64,
    origin: &'static str,
    in_use: bool,
    registered_at: Option<String>,
    registered_by: Option<String>,
    because: Option<String>,
}

pub async fn versions(settings: Settings, id: &str, as_json: bool) -> Result<(), Stop> {
    let base = registry::base(&settings)?;
    let books = Books::open(settings, Make::Nothing).await?;
    let stored = store::versions(&books.db, id).await?;
    let registered = store::read(&books.db).await?;
    books.close().await;
    let decided = registered.decided.iter().find(|d| d.connector == id);
    let used = decided.and_then(|d| d.version);
    let mut rows: Vec<VersionTold> = stored.iter().map(|v| of_store(v, used)).collect();
    rows.extend(base.get(id).map(|found| of_program(found, used)));
    if rows.is_empty() {
        return Err(unknown(id));
    }
    if as_json {
        say_json(&rows);
        return Ok(());
    }
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    let cells = |r: &VersionTold| {
        let used = if r.in_use { tr("in use", "使用中") } else { "" };
        let origin = [Origin::BuiltIn, Origin::Folder, Origin::Registered].into_iter().find(|o| o.as_str() == r.origin);
        let origin = origin.map_or(r.origin, Origin::words).to_owned();
        let (at, by) = (text(&r.registered_at), text(&r.registered_by));
        vec![r.version.to_string(), origin, used.to_owned(), at, by, text(&r.because)]
    };
    let heading =
        [tr("version", "版本"), tr("from", "来自"), "", tr("at", "时间"), tr("by", "操作人"), tr("because", "理由")];
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
    if let Some(d) = decided.filter(|d| !d.enabled) {
        say(&both!("disabled by {by}: {because}", "已由 {by} 停用：{because}", by = d.by, because = d.because));
    }
    Ok(())
}

fn of_store(version: &Version, used: Option<i64>) -> VersionTold {
    VersionTold {
        version: version.version,
        origin: Origin::Registered.as_str(),
        in_use: used == Some(version.version),
        registered_at: Some(instant(version.registered_at)),
        registered_by: Some(version.registered_by.clone()),
        because: Some(version.because.clone()),
    }
}

fn of_program(found: &Found, used: Option<i64>) -> VersionTold {
    let (version, origin) = (found.manifest.version(), found.origin.as_str());
    VersionTold { version, origin, in_use: used.is_none(), registered_at: None, registered_by: None, because: None }
}

pub async fn rollback(settings: Settings, (id, to): (&str, &str), because: &str, as_json: bool) -> Result<(), Stop> {
    let base = registry::base(&settings)?;
    let books = Books::open(settings.clone(), Make::Nothing).await?;
    let stored = store::versions(&books.db, id).await?;
    if stored.is_empty() && !base.contains_key(id) {
        return Err(unknown(id));
    }
    let wanted = to.parse::<i64>().ok();
    let version = match (stored.iter().find(|v| Some(v.version) == wanted), base.get(id)) {
        (Some(version), _) => {
            still_passes(&settings, &books, version).await?;
            Some(version.version)
        }
        (None, Some(found)) if to == BUILT_IN || wanted == Some(found.manifest.version()) => None,
        _ => {
            return Err(Stop::usage(both!(
                "connector {id} has no version {to}; see `huiliu connectors versions {id}`",
                "连接器 {id} 没有版本 {to}；请看 `huiliu connectors versions {id}`"
            )));
        }
    };
    let mut tx = store::begin(&books.db).await?;
    let before = store::decided(&mut tx, id).await?.and_then(|d| d.version);
    let changed = before != version;
    if changed {
        store::decide(&mut tx, id, (Some(version), None), (&actor(), because)).await?;
        let detail = json!({ "from": before, "to": version, "because": because });
        decided(tx, &books, ("connector.rollback", &format!("connector {id}")), detail).await?;
    } else {
        drop(tx);
    }
    books.close().await;
    if as_json {
        say_json(&json!({ "connector": id, "version": version, "changed": changed }));
    } else if changed {
        say(&both!("connector {id}: version {to} is in use", "连接器 {id}：现用版本 {to}"));
    } else {
        say(&both!("connector {id}: version {to} was in use already", "连接器 {id}：版本 {to} 本就在用"));
    }
    Ok(())
}

/// A version is taken into use again only if it passes under today's program and rules.
async fn still_passes(settings: &Settings, books: &Books, version: &Version) -> Result<(), Stop> {
    let policy = gate::policy(settings)?;
    let found = registry::parse(version, (&policy, &settings.pack_names())).map_err(Stop::usage)?;
    let samples = store::samples(&books.db, &books.keys, &version.connector, version.version).await?;
    let rows = gate::gate(settings, &found.manifest, &samples.unwrap_or_default()).await?;
    if rows.iter().all(|row| row.ok) {
        return Ok(());
    }
    let differences: Vec<&str> = rows.iter().flat_map(|row| &row.differences).take(5).map(String::as_str).collect();
    Err(Stop::failed(both!(
        "version {version} does not pass its own samples under today's program and rules; nothing was changed: {why}",
        "第 {version} 版在当前程序和规则下不能通过自己的样例；未作改动：{why}",
        version = version.version,
        why = differences.join("; ")
    )))
}

pub async fn enable(settings: Settings, (id, enabled): (&str, bool), because: &str, as_json: bool) -> Result<(), Stop> {
    let base = registry::base(&settings)?;
    let books = Books::open(settings, Make::Nothing).await?;
    let mut tx = store::begin(&books.db).await?;
    let before = store::decided(&mut tx, id).await?;
    if before.is_none() && !base.contains_key(id) {
        return Err(unknown(id));
    }
    let changed = before.is_none_or(|d| d.enabled) != enabled;
    if changed {
        store::decide(&mut tx, id, (None, Some(enabled)), (&actor(), because)).await?;
        let action = if enabled { "connector.enable" } else { "connector.disable" };
        decided(tx, &books, (action, &format!("connector {id}")), json!({ "because": because })).await?;
    } else {
        drop(tx);
    }
    books.close().await;
    if as_json {
        say_json(&json!({ "connector": id, "enabled": enabled, "changed": changed }));
    } else {
        say(match (enabled, changed) {
            (true, true) => tr("its sources are read again", "已恢复读取其来源"),
            (true, false) => tr("it was enabled already", "本已启用"),
            (false, true) => tr(
                "its sources are read no longer; what was received is still delivered",
                "不再读取其来源；已接收的仍会投递",
            ),
            (false, false) => tr("it was disabled already", "本已停用"),
        });
    }
    Ok(())
}
