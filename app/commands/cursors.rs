//! `cursors`: from where each stream is read next, to be looked at and to be set.

use huiliu_store::admin::{audit, registry as registered, sources};
use huiliu_store::intake::cursors::{self, CursorRow, Put};
use serde_json::json;

use super::decide::actor;
use crate::cli::Cursors;
use crate::settings::Settings;
use crate::wire::{Books, Make};
use crate::words::{both, phrase, say, say_json, table, tr};
use crate::{Stop, gate, registry};

pub async fn run(settings: Settings, asked: Cursors, json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    match asked {
        Cursors::List { source } => {
            let rows = cursors::list(&books.db, source.as_deref().unwrap_or_default()).await?;
            if json { say_json(&rows) } else { list(&rows) }
        }
        Cursors::Set { source, stream, to, why } => {
            let because = why.because.unwrap_or_default();
            put(&books, (&source, &stream), Some(&to), &because, json).await?;
        }
        Cursors::Reset { source, stream, why } => {
            let because = why.because.unwrap_or_default();
            put(&books, (&source, stream.as_deref().unwrap_or_default()), None, &because, json).await?;
        }
    }
    books.close().await;
    Ok(())
}

fn list(rows: &[CursorRow]) {
    let heading = [tr("source", "来源"), tr("connector", "连接器"), tr("stream", "数据流"), tr("cursor", "游标")];
    let cells = |r: &CursorRow| vec![r.source.clone(), r.connector.clone(), r.stream.clone(), r.cursor.clone()];
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

async fn put(
    books: &Books,
    (source, stream): (&str, &str),
    to: Option<&str>,
    because: &str,
    json: bool,
) -> Result<(), Stop> {
    let registered = registered::read(&books.db).await?;
    let mut tx = books.db.begin().await?;
    let Some((connector, _)) = sources::booked(&mut tx, source).await? else { return Err(never_read(source)) };
    let to = match to {
        Some(text) => Some(checked(books, &registered, (&connector, stream), text)?),
        None => None,
    };
    match cursors::put(&mut tx, source, stream, to.as_deref()).await? {
        Put::Unknown => return Err(never_read(source)),
        Put::Busy => {
            return Err(Stop::failed(both!(
                "source {source} is being read by another process; see `huiliu schedules list`, and try again when it has ended",
                "来源 {source} 正由另一个进程同步；请看 `huiliu schedules list`，待其结束后再试"
            )));
        }
        Put::Done(0) => {
            return Err(Stop::usage(both!(
                "source {source} has no cursor of stream {stream:?}; see `huiliu cursors list`",
                "来源 {source} 没有数据流 {stream:?} 的游标；请看 `huiliu cursors list`"
            )));
        }
        Put::Done(_) => {}
    }
    let action = if to.is_some() { "cursor.set" } else { "cursor.reset" };
    let detail = json!({ "because": because, "stream": stream, "cursor": to }).to_string();
    audit::append(&mut tx, &books.keys, &actor(), action, (&format!("source {source}"), detail)).await?;
    tx.commit().await?;
    if json {
        say_json(&json!({ "source": source, "stream": stream, "cursor": to }));
    } else {
        say(tr("done; it holds from the next sync on", "已完成；自下次同步起生效"));
    }
    Ok(())
}

fn never_read(source: &str) -> Stop {
    Stop::usage(both!(
        "source {source:?} was never read and has no cursor; see `huiliu cursors list`",
        "来源 {source:?} 从未同步，没有游标；请看 `huiliu cursors list`"
    ))
}

/// The cursor as the source's connector writes it.
fn checked(
    books: &Books,
    registered: &registered::Registered,
    (connector, stream): (&str, &str),
    text: &str,
) -> Result<String, Stop> {
    let policy = gate::policy(&books.settings)?;
    let in_use = registry::in_use(&books.settings, &policy, registered)?;
    let Some(found) = in_use.found.get(connector) else { return Err(super::register::unknown(connector)) };
    let Some(of_stream) = found.manifest.stream(stream) else {
        let all = found.manifest.stream.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Stop::usage(both!(
            "connector {connector} has no stream {stream:?}; there are {all}",
            "连接器 {connector} 没有数据流 {stream:?}；现有 {all}"
        )));
    };
    huiliu_platform::shipped::check_cursor(huiliu_connectors::CONNECTORS, &found.manifest, of_stream, text).map_err(
        |e| {
            Stop::usage(both!(
                "{text} is no cursor of connector {connector}: {e}; give one as `huiliu cursors list` shows it",
                "{text} 不是连接器 {connector} 的游标：{e}；请按 `huiliu cursors list` 的样式给出",
                e = phrase(&e)
            ))
        },
    )
}
