//! `sources`: those of the settings are listed; those of the store come and go at run time.

use std::collections::BTreeMap;

use huiliu_decode::unpacker::Unpacker;
use huiliu_engine::schedule::{Schedule, TEN_DAYS};
use huiliu_manifest::Transport;
use huiliu_platform::Endpoint;
use huiliu_store::admin::registry;
use huiliu_store::admin::sources::{self, SourceRow};
use serde::Serialize;
use serde_json::json;

use super::decide::actor;
use super::register::{decided, unknown};
use crate::apart::Processes;
use crate::cli::{Place, Sources, Why};
use crate::settings::{self, Settings, SourceSettings};
use crate::wire::{Books, Make};
use crate::words::{both, note, say, say_json, spoken, table, tr};
use crate::{Stop, gate};

pub async fn run(settings: Settings, asked: Sources, json: bool) -> Result<(), Stop> {
    match asked {
        Sources::List => list(settings, json).await,
        Sources::Add { name, connector, institution_code, place, why } => {
            let row = SourceRow { name, connector, institution_code, ..SourceRow::default() };
            put(settings, (row, true), place, why, json).await
        }
        Sources::Set { name, place, why } => {
            put(settings, (SourceRow { name, ..SourceRow::default() }, false), place, why, json).await
        }
        Sources::Remove { name, why } => remove(settings, &name, why, json).await,
    }
}

/// A source in a listing; no password is in it.
#[derive(Debug, Serialize)]
struct SourceTold {
    source: String,
    connector: String,
    institution_code: String,
    institution_name: String,
    base_url: String,
    user: String,
    folder: String,
    schedule: String,
    settings: BTreeMap<String, String>,
    /// `settings_file` or `registered`.
    origin: &'static str,
    /// Whether one of the settings file stands in its place.
    shadowed: bool,
    /// Names of its sealed secrets.
    secrets: Vec<String>,
}

async fn list(settings: Settings, json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    let registered = registry::read(&books.db).await?;
    books.close().await;
    let in_file = &books.settings.sources;
    let secrets =
        |name: &str| registered.secrets.iter().filter(|s| s.source == name).map(|s| s.name.clone()).collect::<Vec<_>>();
    let mut rows: Vec<SourceTold> = in_file.iter().map(|s| of_file(s, secrets(&s.name))).collect();
    for row in &registered.sources {
        let shadowed = in_file.iter().any(|s| s.name == row.name);
        rows.push(of_store(row, shadowed, secrets(&row.name)));
    }
    if json {
        say_json(&rows);
        return Ok(());
    }
    let cells = |r: &SourceTold| {
        let from = match (r.origin, r.shadowed) {
            ("settings_file", _) => tr("settings file", "设置文件"),
            (_, true) => tr("registered; the settings file's is used", "已注册；以设置文件为准"),
            _ => tr("registered", "已注册"),
        };
        let place = if r.base_url.is_empty() { &r.folder } else { &r.base_url };
        vec![
            r.source.clone(),
            r.connector.clone(),
            r.institution_code.clone(),
            place.clone(),
            if r.schedule.is_empty() { tr("never by itself", "从不自动").to_owned() } else { r.schedule.clone() },
            r.secrets.join(", "),
            from.to_owned(),
        ]
    };
    let heading = [
        tr("source", "来源"),
        tr("connector", "连接器"),
        tr("institution", "机构"),
        tr("place", "位置"),
        tr("schedule", "定时"),
        tr("secrets", "密钥"),
        tr("from", "来自"),
    ];
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
    Ok(())
}

fn of_file(s: &SourceSettings, secrets: Vec<String>) -> SourceTold {
    SourceTold {
        source: s.name.clone(),
        connector: s.connector.clone(),
        institution_code: s.institution_code.clone(),
        institution_name: s.institution_name.clone(),
        base_url: s.base_url.clone(),
        user: s.user.clone(),
        folder: s.folder.display().to_string(),
        schedule: s.schedule.as_ref().map_or("", Schedule::text).to_owned(),
        settings: s.settings.clone(),
        origin: "settings_file",
        shadowed: false,
        secrets,
    }
}

fn of_store(row: &SourceRow, shadowed: bool, secrets: Vec<String>) -> SourceTold {
    SourceTold {
        source: row.name.clone(),
        connector: row.connector.clone(),
        institution_code: row.institution_code.clone(),
        institution_name: row.institution_name.clone(),
        base_url: row.base_url.clone(),
        user: row.user.clone(),
        folder: row.folder.clone(),
        schedule: row.schedule.clone(),
        settings: serde_json::from_str(&row.settings).unwrap_or_default(),
        origin: "registered",
        shadowed,
        secrets,
    }
}

/// Adds a source, or changes what is given of one.
async fn put(
    settings: Settings,
    (new, add): (SourceRow, bool),
    place: Place,
    why: Why,
    json: bool,
) -> Result<(), Stop> {
    let books = Books::open(settings, if add { Make::Files } else { Make::Nothing }).await?;
    let mut tx = registry::begin(&books.db).await?;
    let held = sources::registered_source(&mut tx, &new.name).await?;
    let row = match (held, add) {
        (Some(_), true) => {
            return Err(Stop::usage(both!(
                "source {name} is registered already; change it with `huiliu sources set {name}`",
                "来源 {name} 已注册；请用 `huiliu sources set {name}` 修改",
                name = new.name
            )));
        }
        (None, false) => return Err(not_registered(&books.settings, &new.name)),
        (Some(held), false) => held,
        (None, true) => SourceRow { schedule: TEN_DAYS.to_owned(), settings: "{}".to_owned(), ..new },
    };
    let row = SourceRow { set_by: actor(), ..changed(row, place)? };
    if add {
        if let Some(booked) = sources::booked(&mut tx, &row.name).await? {
            same_as_booked(&row, &booked)?;
        }
        if books.settings.sources.iter().any(|s| s.name == row.name) {
            note(&both!(
                "source {name} stands in the settings file too: that one is used",
                "设置文件中也有来源 {name}：以设置文件为准",
                name = row.name
            ));
        }
    }
    usable(&books, &row).await?;
    sources::put_source(&mut tx, &row).await?;
    let action = if add { "source.add" } else { "source.set" };
    let detail = json!({ "because": why.because.unwrap_or_default(), "connector": row.connector,
        "institution_code": row.institution_code, "base_url": row.base_url, "user": row.user, "folder": row.folder,
        "schedule": row.schedule, "settings": row.settings });
    decided(tx, &books, (action, &format!("source {}", row.name)), detail).await?;
    books.close().await;
    if json {
        say_json(&of_store(&row, false, vec![]));
    } else {
        say(tr("registered; workers take it up within seconds", "已注册；工作进程数秒内生效"));
    }
    Ok(())
}

fn not_registered(settings: &Settings, name: &str) -> Stop {
    if settings.sources.iter().any(|s| s.name == name) {
        return Stop::usage(both!(
            "source {name} stands in the settings file; change it there",
            "来源 {name} 在设置文件中；请在该文件中修改"
        ));
    }
    Stop::usage(both!(
        "no source {name:?} is registered; see `huiliu sources list`",
        "没有注册来源 {name:?}；请看 `huiliu sources list`"
    ))
}

/// The row with what is given.
fn changed(mut row: SourceRow, place: Place) -> Result<SourceRow, Stop> {
    let Place { institution_name, base_url, user, folder, schedule, settings } = place;
    row.institution_name = institution_name.unwrap_or(row.institution_name);
    row.base_url = base_url.unwrap_or(row.base_url);
    row.user = user.unwrap_or(row.user);
    row.folder = folder.map_or(row.folder, |f| f.display().to_string());
    row.schedule = schedule.map_or(row.schedule, |s| s.trim().to_owned());
    let mut all: BTreeMap<String, String> = serde_json::from_str(&row.settings).unwrap_or_default();
    for (key, value) in settings {
        if value.is_empty() {
            all.remove(&key);
        } else if looks_secret(&key) {
            return Err(Stop::usage(both!(
                "--setting {key}: a secret does not stand among the settings, which are shown; seal it with `huiliu secrets set {source} {key}`",
                "--setting {key}：设置会显示出来，不能存放密钥；请用 `huiliu secrets set {source} {key}` 密封",
                source = row.name
            )));
        } else {
            all.insert(key, value);
        }
    }
    row.settings = json!(all).to_string();
    Ok(row)
}

fn looks_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    ["password", "passwd", "secret", "private_key"].iter().any(|word| key.contains(word))
}

fn same_as_booked(row: &SourceRow, (connector, institution): &(String, String)) -> Result<(), Stop> {
    if *connector == row.connector && *institution == row.institution_code {
        return Ok(());
    }
    Err(Stop::usage(both!(
        "source {name} is in the books with connector {connector} and institution {institution}, and what it has received \
         stays theirs; give the new one another name",
        "来源 {name} 已按连接器 {connector}、机构 {institution} 登记，已接收的归其所有；请为新来源另取名称",
        name = row.name
    )))
}

/// Whether the source could be read: its connector is there, its address is one, its schedule comes.
async fn usable(books: &Books, row: &SourceRow) -> Result<(), Stop> {
    if row.name.trim().is_empty() || row.name.chars().count() > 100 || row.name.chars().any(char::is_control) {
        return Err(Stop::usage(tr(
            "a source's name has 1 to 100 characters, none of them a control character",
            "来源名称应为 1 至 100 个字符，不得有控制字符",
        )));
    }
    if row.institution_code.trim().is_empty() {
        return Err(Stop::usage(tr("--institution-code is empty", "--institution-code 为空")));
    }
    settings::schedule(&row.schedule).map_err(|e| {
        Stop::usage(both!(
            "--schedule {schedule:?}: {e}; give minute, hour, day of the month, month and day of the week, as {TEN_DAYS:?}",
            "--schedule {schedule:?}：{e}；请依次写分、时、日、月、星期，如 {TEN_DAYS:?}",
            schedule = row.schedule,
            e = spoken(&e)
        ))
    })?;
    let authority =
        row.base_url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
    if authority.contains('@') {
        return Err(Stop::usage(both!(
            "--base-url holds a user or password, and it is shown in listings; give --user, and seal the password with \
             `huiliu secrets set {source} password`",
            "--base-url 中含有用户名或密码，而它会显示在列表中；请用 --user，并用 `huiliu secrets set {source} password` 密封密码",
            source = row.name
        )));
    }
    let policy = gate::policy(&books.settings)?;
    let in_use = crate::registry::in_use(&books.settings, &policy, &registry::read(&books.db).await?)?;
    let Some(found) = in_use.found.get(&row.connector) else { return Err(unknown(&row.connector)) };
    if matches!(found.manifest.transport, Transport::Push {}) {
        return Ok(());
    }
    let source = SourceSettings::registered(row).map_err(Stop::usage)?;
    let endpoint = Endpoint {
        base_url: source.base_url,
        user: source.user,
        password: String::new(),
        institution: source.institution_code,
        settings: source.settings,
        // A certificate is only looked at when it is used.
        secrets: std::collections::BTreeMap::new(),
        folder: source.folder,
        networks: books.settings.networks.clone(),
        pace: std::sync::Arc::new(huiliu_engine::rate_limit::SharedRateLimit(books.db.clone())),
        timeout: std::time::Duration::from_millis(books.settings.timeout_ms),
        unpacker: std::sync::Arc::new(Unpacker::new(Box::new(Processes))),
    };
    huiliu_platform::shipped::connect(huiliu_connectors::CONNECTORS, found.manifest.clone(), endpoint)
        .map(drop)
        .map_err(|e| Stop::usage(spoken(&e)))
}

async fn remove(settings: Settings, name: &str, why: Why, json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    let in_settings = books.settings.sources.iter().any(|s| s.name == name);
    let mut tx = registry::begin(&books.db).await?;
    if !sources::remove_source(&mut tx, name, in_settings).await? {
        return Err(not_registered(&books.settings, name));
    }
    let because = json!({ "because": why.because.unwrap_or_default() });
    decided(tx, &books, ("source.remove", &format!("source {name}")), because).await?;
    books.close().await;
    if json {
        say_json(&json!({ "source": name, "state": "removed" }));
    } else {
        say(tr("removed; what it has received stays", "已移除；已接收的保留"));
    }
    Ok(())
}
