//! `migrate`, `doctor`: what operations do.

use std::path::Path;

use huiliu_engine::deliver;
use huiliu_queue::Bell;
use huiliu_store::admin::reports;
use huiliu_store::sql::schema::{self, SchemaState};
use serde::Serialize;

use crate::registry::{self, Found, Origin};
use crate::settings::Settings;
use crate::wire::{self, Books, Make};
use crate::words::{both, phrase, say, say_json, spoken, tr, word};
use crate::{Stop, gate, keyfile};

pub async fn deliver_alone(settings: Settings, batch: i64) -> Result<(), Stop> {
    let house = wire::open(settings, Make::Nothing).await?;
    deliver::deliver(&house.desk, batch, true).await?;
    house.close().await;
    Ok(())
}

pub async fn migrate(settings: Settings, json: bool) -> Result<(), Stop> {
    let db = wire::open_database(&settings, Make::Files).await?;
    let before = wire::migrate(&settings, &db).await?;
    let changed = before != SchemaState::Current;
    if json {
        say_json(&serde_json::json!({ "database": db.kind(), "changed": changed }));
    } else if changed {
        say(tr("the schema is now current", "数据库结构已升级"));
    } else {
        say(tr("the schema was current already", "数据库结构已是最新"));
    }
    let key = keyfile::make_if_none(&settings, &db).await;
    db.close().await;
    key
}

#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    ok: bool,
    /// It works, and is not as it should be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    warning: bool,
    detail: String,
}

impl Finding {
    fn new(what: &'static str, ok: bool, detail: impl Into<String>) -> Self {
        Self { what, ok, warning: false, detail: detail.into() }
    }

    fn mark(&self) -> &'static str {
        match (self.ok, self.warning) {
            (true, false) => "✓",
            (true, true) => "!",
            (false, _) => "✗",
        }
    }
}

/// Looks at everything and changes nothing.
pub async fn doctor(settings: Settings, json: bool) -> Result<(), Stop> {
    let findings = examine(settings).await?;
    if json {
        say_json(&findings);
    } else {
        for f in &findings {
            say(&format!("{} {}: {}", f.mark(), word(f.what), phrase(&f.detail)));
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
    findings.push(connectors(&settings).await);
    let db = match wire::open_database(&settings, Make::Nothing).await {
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
    match Books::open(settings.clone(), Make::Nothing).await {
        Ok(books) => {
            namespace = books.keys.namespace();
            let key = format!("{} (back it up: a lost key is lost data)", settings.key_file.display());
            findings.push(Finding::new("key", true, key));
            findings.extend(key_file(&settings.key_file));
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

/// Every connector, and where its manifest comes from unless it is built in.
async fn connectors(settings: &Settings) -> Finding {
    let looked = match gate::policy(settings) {
        Ok(policy) => registry::look(settings, &policy).await,
        Err(stop) => Err(stop),
    };
    let (in_use, registered) = match looked {
        Ok(looked) => looked,
        Err(stop) => return Finding::new("connectors", false, stop.message),
    };
    let told = |found: &Found| match found.origin {
        Origin::BuiltIn => found.manifest.id.clone(),
        origin => format!("{} {} ({})", found.manifest.id, found.manifest.version(), origin.words()),
    };
    let mut all: Vec<String> = in_use.found.values().map(told).collect();
    let disabled = registered.decided.iter().filter(|d| !d.enabled);
    all.extend(disabled.map(|d| format!("{} {}", d.connector, tr("disabled", "已停用"))));
    for (connector, (version, why)) in &in_use.unreadable {
        all.push(both!("{connector} {version} cannot be used: {why}", "{connector} {version} 无法使用：{why}"));
    }
    Finding::new("connectors", in_use.unreadable.is_empty(), all.join(", "))
}

/// A warning when others than the owner can read the key.
fn key_file(path: &Path) -> Option<Finding> {
    let mode = keyfile::readable_by_others(path)?;
    let detail = both!(
        "others can read {path} (mode {mode:04o}); `chmod 600 {path}`",
        "其他用户可以读取 {path}（权限 {mode:04o}）；请执行 `chmod 600 {path}`",
        path = path.display()
    );
    Some(Finding { warning: true, ..Finding::new("key_file", true, detail) })
}
