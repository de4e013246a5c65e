//! `secrets`: passwords and keys of sources, sealed in the store. A value comes in on standard input and never out again.

use std::io::Read as _;

use huiliu_store::admin::{registry, sources};
use serde_json::json;

use super::decide::actor;
use super::register::decided;
use crate::Stop;
use crate::cli::{Secrets, Why};
use crate::settings::Settings;
use crate::wire::{Books, Make};
use crate::words::{both, say, say_json, spoken, table, tr};

/// No secret is longer, in bytes.
const MAX_SECRET: u64 = 64 << 10;

pub async fn run(settings: Settings, asked: Secrets, json: bool) -> Result<(), Stop> {
    match asked {
        Secrets::List => list(settings, json).await,
        Secrets::Set { source, name, why } => set(settings, (&source, &name), why, json).await,
        Secrets::Remove { source, name, why } => remove(settings, (&source, &name), why, json).await,
    }
}

async fn list(settings: Settings, json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    let rows = sources::secrets(&books.db).await?;
    books.close().await;
    if json {
        say_json(&rows);
        return Ok(());
    }
    let heading =
        [tr("source", "来源"), tr("secret", "名称"), tr("set", "设置时间"), tr("by", "操作人"), tr("key", "密钥")];
    let cells = |r: &sources::SecretTold| {
        vec![r.source.clone(), r.name.clone(), r.set_at.clone(), r.set_by.clone(), r.generation.to_string()]
    };
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
    Ok(())
}

async fn set(settings: Settings, (source, name): (&str, &str), why: Why, json: bool) -> Result<(), Stop> {
    let value = value()?;
    let books = Books::open(settings, Make::Files).await?;
    let mut tx = registry::begin(&books.db).await?;
    let in_settings = books.settings.sources.iter().any(|s| s.name == source);
    if !in_settings && sources::registered_source(&mut tx, source).await?.is_none() {
        return Err(Stop::usage(both!(
            "there is no source {source:?}; see `huiliu sources list`, or add it first with `huiliu sources add`",
            "没有来源 {source:?}；请看 `huiliu sources list`，或先用 `huiliu sources add` 添加"
        )));
    }
    sources::set_secret(&mut tx, &books.keys, (source, name), &value, &actor()).await?;
    let because = json!({ "because": why.because.unwrap_or_default() });
    decided(tx, &books, ("secret.set", &format!("secret {source}/{name}")), because).await?;
    books.close().await;
    told(json, (source, name), "set", tr("sealed; it is not shown again", "已密封；不再显示"));
    Ok(())
}

async fn remove(settings: Settings, (source, name): (&str, &str), why: Why, json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    let mut tx = registry::begin(&books.db).await?;
    if !sources::remove_secret(&mut tx, source, name).await? {
        return Err(Stop::usage(both!(
            "source {source} has no secret {name:?}; see `huiliu secrets list`",
            "来源 {source} 没有名为 {name:?} 的密钥；请看 `huiliu secrets list`"
        )));
    }
    let because = json!({ "because": why.because.unwrap_or_default() });
    decided(tx, &books, ("secret.remove", &format!("secret {source}/{name}")), because).await?;
    books.close().await;
    told(json, (source, name), "removed", tr("removed", "已移除"));
    Ok(())
}

fn told(json: bool, (source, name): (&str, &str), state: &str, words: &str) {
    if json {
        say_json(&json!({ "source": source, "secret": name, "state": state }));
    } else {
        say(words);
    }
}

/// What stands on standard input, without the end of its line.
fn value() -> Result<String, Stop> {
    let mut text = String::new();
    let refused = |why: &str| {
        Stop::usage(both!(
            "cannot take the secret from standard input: {why}; give it as in `huiliu secrets set SOURCE password < FILE`",
            "无法从标准输入取得密钥：{why}；请如 `huiliu secrets set 来源 password < 文件` 给出"
        ))
    };
    std::io::stdin().take(MAX_SECRET + 1).read_to_string(&mut text).map_err(|e| refused(&spoken(&e)))?;
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.is_empty() {
        return Err(refused(tr("it is empty", "内容为空")));
    }
    if text.len() as u64 > MAX_SECRET {
        return Err(refused(&both!("it is longer than {MAX_SECRET} bytes", "超过 {MAX_SECRET} 字节")));
    }
    Ok(value.to_owned())
}
