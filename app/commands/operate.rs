//! `worker`, `migrate`, `doctor`: what operations do.

use std::time::{Duration, Instant};

use huiliu_core::deliver;
use huiliu_core::queue::Bell;
use huiliu_core::store::schema::{self, SchemaState};
use huiliu_core::store::{books, reports};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::Stop;
use crate::settings::Settings;
use crate::wire::{self, Books, House};
use crate::words::{note, phrase, say, say_json, spoken, tr, word};

pub async fn worker(settings: Settings, until_done: bool) -> Result<(), Stop> {
    let house = wire::open(settings, false).await?;
    let (stop, stopped) = watch::channel(false);
    let mut work = tokio::spawn({
        let house = house.clone();
        let stopped = stopped.clone();
        async move { house.work(stopped).await }
    });
    note(tr("worker started; stop it with Ctrl-C or SIGTERM", "工作进程已启动；用 Ctrl-C 或 SIGTERM 停止"));
    let mut terminated = signal(SignalKind::terminate()).map_err(|e| Stop::failed(spoken(&e)))?;
    let result = tokio::select! {
        ended = &mut work => ended.unwrap_or_else(|e| Err(Stop::failed(spoken(&e)))),
        done = tend(&house, until_done) => done,
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = terminated.recv() => Ok(()),
    };
    let _ = stop.send(true);
    if !work.is_finished() {
        let _ = tokio::time::timeout(Duration::from_secs(20), &mut work).await;
    }
    house.close().await;
    result
}

/// Settles when nothing is due, and at the latest every half minute; ends when all is done, if asked to.
async fn tend(house: &House, until_done: bool) -> Result<(), Stop> {
    let (mut settled, mut worked) = (Instant::now(), true);
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let waiting = match books::any_waiting(&house.desk.db, (0, i64::MAX)).await {
            Ok(waiting) => waiting,
            Err(e) => {
                tracing::warn!(error = %e, "the database does not answer; trying again");
                continue;
            }
        };
        worked |= waiting;
        if (waiting || !worked) && settled.elapsed() < Duration::from_secs(30) {
            continue;
        }
        match house.settle().await {
            Ok(_) if !waiting && until_done => return Ok(()),
            Ok(_) => (settled, worked) = (Instant::now(), waiting),
            Err(e) => tracing::warn!(error = %e.message, "not settled; trying again"),
        }
    }
}

pub async fn deliver_alone(settings: Settings, batch: i64) -> Result<(), Stop> {
    let house = wire::open(settings, false).await?;
    deliver::deliver(&house.desk, batch, true).await?;
    house.close().await;
    Ok(())
}

pub async fn migrate(settings: Settings, json: bool) -> Result<(), Stop> {
    let db = wire::open_database(&settings).await?;
    let before = wire::migrate(&settings, &db).await?;
    let changed = before != SchemaState::Current;
    if json {
        say_json(&serde_json::json!({ "database": db.kind(), "changed": changed }));
    } else if changed {
        say(tr("the schema is now current", "数据库结构已升级"));
    } else {
        say(tr("the schema was current already", "数据库结构已是最新"));
    }
    db.close().await;
    Ok(())
}

#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    ok: bool,
    detail: String,
}

impl Finding {
    fn new(what: &'static str, ok: bool, detail: impl Into<String>) -> Self {
        Self { what, ok, detail: detail.into() }
    }
}

/// Looks at everything and changes nothing.
pub async fn doctor(settings: Settings, json: bool) -> Result<(), Stop> {
    let findings = examine(settings).await?;
    if json {
        say_json(&findings);
    } else {
        for f in &findings {
            say(&format!("{} {}: {}", if f.ok { "✓" } else { "✗" }, word(f.what), phrase(&f.detail)));
        }
    }
    if findings.iter().all(|f| f.ok) {
        Ok(())
    } else {
        Err(Stop::usage(tr("something is not in order, see above", "存在问题，见上")))
    }
}

async fn examine(settings: Settings) -> Result<Vec<Finding>, Stop> {
    let mut findings = vec![Finding::new("settings", true, settings.data_dir.display().to_string())];
    let db = match wire::open_database(&settings).await {
        Ok(db) => db,
        Err(stop) => {
            findings.push(Finding::new("database", false, stop.message));
            return Ok(findings);
        }
    };
    findings.push(Finding::new("database", true, db.kind()));
    let state = schema::state(&db).await?;
    let current = state == SchemaState::Current;
    findings.push(Finding::new("schema", current, format!("{state:?}")));
    db.close().await;
    if !current {
        return Ok(findings);
    }
    let mut namespace = String::new();
    match Books::open(settings.clone(), false).await {
        Ok(books) => {
            namespace = books.keys.namespace();
            let key = format!("{} (back it up: a lost key is lost data)", settings.key_file.display());
            findings.push(Finding::new("key", true, key));
            let orphans = reports::orphans(&books.db).await?;
            let detail: Vec<String> = orphans.iter().map(|(what, n)| format!("{n} {what}")).collect();
            let detail = if detail.is_empty() { "none".to_owned() } else { detail.join(", ") };
            findings.push(Finding::new("orphans", orphans.is_empty(), detail));
            books.close().await;
        }
        Err(stop) => findings.push(Finding::new("key", false, stop.message)),
    }
    match Bell::open(&settings.queue, &namespace).await {
        Ok(bell) => {
            let depth = bell.depth().await;
            let detail = depth.as_ref().map_or_else(spoken, |n| format!("{} ({n} waiting)", bell.place()));
            findings.push(Finding::new("queue", depth.is_ok(), detail));
            bell.close().await;
        }
        Err(fault) => findings.push(Finding::new("queue", false, spoken(&fault))),
    }
    Ok(findings)
}
