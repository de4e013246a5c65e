//! `migrate`, `doctor`: what operations do.

use huiliu_core::deliver;
use huiliu_core::queue::Bell;
use huiliu_core::store::reports;
use huiliu_core::store::schema::{self, SchemaState};
use serde::Serialize;

use crate::Stop;
use crate::settings::Settings;
use crate::wire::{self, Books};
use crate::words::{phrase, say, say_json, spoken, tr, word};

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
    findings.push(match wire::manifests(&settings) {
        Ok(all) => {
            let ids: Vec<&str> = all.iter().map(|(manifest, _)| manifest.id.as_str()).collect();
            Finding::new("connectors", true, ids.join(", "))
        }
        Err(stop) => Finding::new("connectors", false, stop.message),
    });
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
