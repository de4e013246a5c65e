//! Decisions of people, each in the audit log: what is discarded, what is released.

use huiliu_store::Tx;
use huiliu_store::admin::audit;
use huiliu_store::admin::reports::{self, BatchRow};
use huiliu_store::delivery::{batches, dead_letters};
use serde_json::json;

use crate::settings::Settings;
use crate::wire::{self, Books, Make};
use crate::words::{address, both, say, say_json, table, tr, word};
use crate::{Stop, cli};

/// Who decides: `HUILIU_ACTOR`, or the user of this process and the host.
pub fn actor() -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    set("HUILIU_ACTOR").unwrap_or_else(|| {
        let user = set("USER").or_else(|| set("LOGNAME")).unwrap_or_else(|| "unknown".into());
        format!("{user}@{}", wire::host())
    })
}

pub async fn discard(books: Books, id: i64, because: &str, as_json: bool) -> Result<(), Stop> {
    let mut tx = books.db.begin().await?;
    if !dead_letters::discard(&mut tx, id).await? {
        return Err(Stop::usage(both!(
            "dead letter {id} is not open; see `huiliu dead-letters show {id}`",
            "死信 {id} 不是待处理状态；请看 `huiliu dead-letters show {id}`"
        )));
    }
    remember(tx, &books, "dead_letter.discard", (&format!("dead letter {id}"), because)).await?;
    told(as_json, &json!({ "dead_letter": id, "state": "discarded" }), tr("discarded", "已作废"));
    books.close().await;
    Ok(())
}

async fn remember(mut tx: Tx, books: &Books, action: &str, (object, because): (&str, &str)) -> Result<(), Stop> {
    let detail = json!({ "because": because }).to_string();
    audit::append(&mut tx, &books.keys, &actor(), action, (object, detail)).await?;
    Ok(tx.commit().await?)
}

fn told(as_json: bool, value: &serde_json::Value, words: &str) {
    if as_json { say_json(value) } else { say(words) }
}

pub async fn batches(settings: Settings, asked: cli::Batches, as_json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    match asked {
        cli::Batches::List { quarantined, span: cli::Span { limit, after } } => {
            let state = if quarantined { "quarantined" } else { "" };
            let rows = reports::batches(&books.db, state, after, limit).await?;
            if as_json { say_json(&rows) } else { list(&rows) }
        }
        cli::Batches::Release { id, because } => {
            let mut tx = books.db.begin().await?;
            if !batches::unquarantine(&mut tx, id).await? {
                return Err(Stop::usage(both!(
                    "batch {id} is not quarantined; see `huiliu batches list --quarantined`",
                    "批次 {id} 未被隔离；请看 `huiliu batches list --quarantined`"
                )));
            }
            remember(tx, &books, "batch.release", (&format!("batch {id}"), &because)).await?;
            told(as_json, &json!({ "batch": id, "state": "due" }), tr("due again", "已重新待投递"));
        }
    }
    books.close().await;
    Ok(())
}

fn list(rows: &[BatchRow]) {
    let cells = |r: &BatchRow| {
        vec![
            r.batch.to_string(),
            r.source.clone(),
            address(&r.address).into_owned(),
            r.records.to_string(),
            word(&r.state).to_owned(),
            r.attempts.to_string(),
            r.lost_claims.to_string(),
            crate::words::phrase(r.last_error.as_deref().unwrap_or_default()).into_owned(),
        ]
    };
    let heading = [
        tr("batch", "批次"),
        tr("source", "来源"),
        tr("address", "出处"),
        tr("records", "记录数"),
        tr("state", "状态"),
        tr("attempts", "尝试"),
        tr("lost claims", "失去的领取"),
        tr("why", "原因"),
    ];
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

/// Decisions, the oldest first; a log that was tampered with is told.
pub async fn audit_log(settings: Settings, cli::Span { limit, after }: cli::Span, json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    let rows = audit::list(&books.db, after, limit).await?;
    let broken = audit::first_broken(&books.db, &books.keys).await?;
    if json {
        say_json(&rows);
    } else {
        let cells = |e: &audit::Entry| {
            vec![
                e.entry.to_string(),
                e.at.clone(),
                e.actor.clone(),
                e.action.clone(),
                e.object.clone(),
                e.detail.clone(),
            ]
        };
        let heading = [
            tr("entry", "编号"),
            tr("at", "时间"),
            tr("by", "操作人"),
            tr("action", "操作"),
            tr("object", "对象"),
            tr("detail", "详情"),
        ];
        table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
    }
    books.close().await;
    match broken {
        None => Ok(()),
        Some(entry) => Err(Stop::failed(both!(
            "the audit log is not as it was written: entry {entry} was changed, or what stood before it is gone",
            "审计日志已被改动：第 {entry} 条被修改，或其前面的记录缺失"
        ))),
    }
}
