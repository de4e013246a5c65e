//! Listings and explanations. Each has `--json`.

use huiliu_store::admin::reports::{self, RunRow, UnreadRow};
use huiliu_store::intake::expectations;
use huiliu_values::Hours;
use serde::Serialize;

use super::decide;
use super::sync::{balance_cells, balance_heading, note_unread};
use crate::Stop;
use crate::cli::{DeadLetters, Listing, Span};
use crate::settings::Settings;
use crate::wire::{Books, Make};
use crate::words::{address, both, expected, note, pass_word, phrase, place, say, say_json, table, tr, word};

pub async fn balance(settings: Settings, run: Option<i64>, json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    if let Some(run) = run
        && reports::runs(&books.db, Some(run), 0, 1).await?.is_empty()
    {
        return Err(Stop::usage(both!(
            "no run {run}; see `huiliu runs list`",
            "没有同步 {run}；请看 `huiliu runs list`"
        )));
    }
    let balance = reports::balance(&books.db, run.map_or((0, i64::MAX), |r| (r, r))).await?;
    if json {
        say_json(&balance);
    } else {
        let mut row = vec![run.map_or_else(|| tr("all runs", "全部同步").to_owned(), |r| r.to_string())];
        row.extend(balance_cells(&balance));
        table(&balance_heading(tr("run", "同步")), &[row]);
        say(&format!(
            "\n  {} · {} · {} {}",
            if balance.balanced { tr("balanced", "账目平衡") } else { tr("NOT BALANCED", "账目不平") },
            if balance.complete { tr("complete", "已全部处理") } else { tr("not complete", "尚未全部处理") },
            balance.teachers_due,
            tr("teachers due", "名教师待结算"),
        ));
    }
    books.close().await;
    if balance.balanced { Ok(()) } else { Err(Stop::failed(tr("the books are not balanced", "账目不平"))) }
}

/// A run, and what of it cannot be read (told only where one run is shown).
#[derive(Debug, Serialize)]
struct RunShown {
    #[serde(flatten)]
    run: RunRow,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread_payloads: Vec<UnreadRow>,
    /// Fields that streams with a contract had never had before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    new_fields: Vec<String>,
}

pub async fn runs(settings: Settings, listing: Listing, json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    let (rows, unread, new_fields) = match listing {
        Listing::List(Span { limit, after }) => (reports::runs(&books.db, None, after, limit).await?, vec![], vec![]),
        Listing::Show { id } => (
            found(reports::runs(&books.db, Some(id), 0, 1).await?, tr("run", "同步"), id)?,
            reports::unread(&books.db, id).await?,
            expectations::new_fields(&books.db, id).await?,
        ),
    };
    if json {
        let with_unread = |run: &RunRow| RunShown {
            run: run.clone(),
            unread_payloads: unread.clone(),
            new_fields: new_fields.iter().map(|(stream, field)| format!("{stream}/{field}")).collect(),
        };
        say_json(&rows.iter().map(with_unread).collect::<Vec<_>>());
    } else {
        let cells = |r: &RunRow| {
            vec![
                r.run.to_string(),
                r.source.clone(),
                word(&r.state).to_owned(),
                if r.full { tr("full", "全量") } else { "" }.to_owned(),
                r.started_at.clone(),
                r.ended_at.clone().unwrap_or_default(),
                phrase(r.failure.as_deref().or(r.unmet.as_deref()).unwrap_or_default()).into_owned(),
            ]
        };
        let heading = [
            tr("run", "同步"),
            tr("source", "来源"),
            tr("state", "状态"),
            "",
            tr("started", "开始"),
            tr("ended", "结束"),
            tr("failure", "失败原因"),
        ];
        table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
        for run in &rows {
            note_unread(&run.source, &unread);
            for (stream, field) in &new_fields {
                note(&both!("new field: {stream}/{field}", "新字段：{stream}/{field}"));
            }
        }
    }
    books.close().await;
    Ok(())
}

pub async fn dead_letters(settings: Settings, asked: DeadLetters, json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    let rows = match asked {
        DeadLetters::Discard { id, because } => return decide::discard(books, id, &because, json).await,
        DeadLetters::List(Span { limit, after }) => reports::dead_letters(&books.db, "open", after, limit).await?,
        DeadLetters::Show { id } => {
            let rows = reports::dead_letters(&books.db, "all", id - 1, 1).await?;
            found(rows.into_iter().filter(|r| r.dead_letter == id).collect(), tr("dead letter", "死信"), id)?
        }
    };
    if json {
        say_json(&rows);
    } else {
        for r in &rows {
            say(&format!(
                "{}  {}/{}  {}  {}×  {}",
                r.dead_letter,
                r.source,
                r.stream,
                address(&r.address),
                r.seen_count,
                word(&r.state)
            ));
            if let (Some(record), Some(replay)) = (r.became, r.replay) {
                say(&both!("    record {record}, by replay {replay}", "    成为记录 {record}（重放 {replay}）"));
            }
            for p in r.reasons.as_array().into_iter().flatten() {
                let text = |k: &str| p.get(k).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
                let cell = match text("cell") {
                    none if none.is_empty() => none,
                    cell => format!("{cell}  "),
                };
                say(&format!(
                    "    {}  {cell}{}={:?}  {}{}",
                    text("code"),
                    place(&text("code"), &text("source_field")),
                    text("seen"),
                    tr("expected: ", "应为："),
                    expected(&text("code"), &text("expected"))
                ));
            }
        }
    }
    books.close().await;
    Ok(())
}

pub async fn records(settings: Settings, listing: Listing, json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    let rows = match listing {
        Listing::List(Span { limit, after }) => reports::records(&books.db, None, after, limit).await?,
        Listing::Show { id } => {
            found(reports::records(&books.db, Some(id), 0, 1).await?, tr("record", "培训记录"), id)?
        }
    };
    if json {
        say_json(&rows);
    } else {
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|r| {
                vec![
                    r.record.to_string(),
                    r.source.clone(),
                    r.teacher.map(|t| t.to_string()).unwrap_or_default(),
                    r.name.clone(),
                    r.course.clone(),
                    phrase(&r.raw_hours).into_owned(),
                    hours(r.hours_units),
                    pass_word(&r.pass_state).to_owned(),
                    r.period_end.clone(),
                    address(&r.address).into_owned(),
                ]
            })
            .collect();
        let heading = [
            tr("record", "记录"),
            tr("source", "来源"),
            tr("teacher", "教师"),
            tr("name", "姓名"),
            tr("course", "课程"),
            tr("as given", "原始学时"),
            tr("class hours", "学时"),
            tr("pass", "测评"),
            tr("ended", "结束"),
            tr("address", "出处"),
        ];
        table(&heading, &cells);
    }
    books.close().await;
    Ok(())
}

/// Class hours, also of many teachers together: more than one amount may be.
pub(super) fn hours(units: i64) -> String {
    if let Some(hours) = Hours::from_units(units) {
        return hours.to_string();
    }
    let (whole, rest) = (units.div_euclid(Hours::UNITS_PER_CLASS_HOUR), units.rem_euclid(Hours::UNITS_PER_CLASS_HOUR));
    // The part of an hour is told as beside one hour: `1.5`, `1 1/3`.
    let beside_one = Hours::from_units(Hours::UNITS_PER_CLASS_HOUR + rest).unwrap_or_default().to_string();
    format!("{whole}{}", beside_one.strip_prefix('1').unwrap_or_default())
}

pub(super) fn found<T>(rows: Vec<T>, what: &str, id: i64) -> Result<Vec<T>, Stop> {
    if rows.is_empty() { Err(Stop::usage(both!("there is no {what} {id}", "没有{what} {id}"))) } else { Ok(rows) }
}

/// Every teacher's hours with the ID number opened, as JSON lines; for comparing with a truth file.
pub async fn ledger(settings: Settings) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    let mut after = 0;
    loop {
        let rows = reports::ledger(&books.db, &books.keys, after, 10_000).await?;
        let Some(last) = rows.last() else { break };
        after = last.teacher;
        rows.iter().for_each(say_json);
    }
    books.close().await;
    Ok(())
}
