//! `replay`: dead letters through today's manifests and rules, the plan first.

use chrono::{Days, NaiveDate, NaiveTime};
use huiliu_engine::replay::{self, Applied, Moved};
use huiliu_store::Db;
use huiliu_store::delivery::replays::{self, Effect, Filter, Item, Replay};
use serde::Serialize;

use super::decide::actor;
use super::inspect::{found, hours};
use crate::Stop;
use crate::cli::{Matching, Replays, Span};
use crate::settings::Settings;
use crate::wire::{self, Books, Make};
use crate::words::{address, both, expected, note, place, say, say_json, table, tr, word};

/// Rows shown of a plan unless `--limit` says otherwise.
const SHOWN: i64 = 20;

pub async fn run(settings: Settings, asked: Replays, json: bool) -> Result<(), Stop> {
    match asked {
        Replays::Plan { matching } => plan(settings, &filter(matching), json).await,
        Replays::Apply { id } => apply(settings, id, json).await,
        Replays::List(Span { limit, after }) => {
            let books = Books::open(settings, Make::Nothing).await?;
            let rows = replays::list(&books.db, None, after, limit).await?;
            if json {
                say_json(&rows)
            } else {
                overview(&rows)
            }
            books.close().await;
            Ok(())
        }
        Replays::Show { id, limit } => {
            let books = Books::open(settings, Make::Nothing).await?;
            let whole = Whole::read(&books.db, id, limit).await?;
            if json {
                say_json(&whole)
            } else {
                whole.show()
            }
            books.close().await;
            Ok(())
        }
    }
}

fn filter(m: Matching) -> Filter {
    // A day begins at midnight of +08:00.
    let midnight = |day: NaiveDate| (day.and_time(NaiveTime::MIN).and_utc().timestamp() - 8 * 3_600) * 1_000_000;
    Filter {
        connector: m.connector,
        source: m.source,
        code: m.code,
        run: m.run,
        since: m.since.map(midnight),
        until: m.until.and_then(|day| day.checked_add_days(Days::new(1))).map(midnight),
    }
}

async fn plan(settings: Settings, filter: &Filter, json: bool) -> Result<(), Stop> {
    let house = wire::open(settings, Make::Nothing).await?;
    let id = replay::plan(&house.desk, filter, &actor()).await?;
    let whole = Whole::read(&house.desk.db, id, SHOWN).await?;
    if json {
        say_json(&whole);
    } else {
        whole.show();
        let commit = format!("huiliu replay apply {id}");
        say(&both!(
            "\nnothing has been changed yet; to do it: {commit}; all of it: huiliu replay show {id} --limit 100000",
            "\n尚未改动任何数据；执行请用：{commit}；查看全部：huiliu replay show {id} --limit 100000"
        ));
    }
    house.close().await;
    Ok(())
}

async fn apply(settings: Settings, id: i64, json: bool) -> Result<(), Stop> {
    let house = wire::open(settings, Make::Nothing).await?;
    let ended = replay::apply(&house.desk, id, &actor()).await?;
    if ended == Applied::Done {
        house.settle_patiently().await?;
    }
    let whole = Whole::read(&house.desk.db, id, SHOWN).await?;
    house.close().await;
    if json {
        say_json(&whole);
    }
    match ended {
        Applied::Done => {
            if !json {
                overview(std::slice::from_ref(&whole.replay));
                say(tr("\napplied; the teachers concerned are settled", "\n已执行；相关教师已结算"));
            }
            Ok(())
        }
        Applied::Stale(moved) => {
            for m in moved.iter().take(usize::try_from(SHOWN).unwrap_or(20)) {
                note(&format!("  {}", in_words(m)));
            }
            Err(Stop::failed(both!(
                "replay {id} no longer holds, {n} things moved since it was planned; nothing was changed; plan again",
                "重放 {id} 已不成立，计划之后有 {n} 处变化；未改动任何数据；请重新计划",
                n = moved.len()
            )))
        }
    }
}

fn in_words(moved: &Moved) -> String {
    let told = |h: &Option<[i64; 4]>| {
        h.map_or_else(
            || tr("no change", "无变化").to_owned(),
            |[before, after, pb, pa]| format!("{}+{} → {}+{}", hours(before), hours(pb), hours(after), hours(pa)),
        )
    };
    match moved {
        Moved::Activation { connector } => both!(
            "the manifest or the rules of connector {connector} are others now",
            "连接器 {connector} 的清单或规则已更换"
        ),
        Moved::Letter { dead_letter, address: at, planned, now } => both!(
            "dead letter {dead_letter} ({at}): planned {planned}, now {now}",
            "死信 {dead_letter}（{at}）：计划为{planned}，现为{now}",
            at = address(at),
            planned = word(planned),
            now = word(now)
        ),
        Moved::Teacher { person, planned, now } => both!(
            "teacher {person}: planned {planned} class hours, now {now}",
            "教师 {person}：计划 {planned} 学时，现为 {now}",
            planned = told(planned),
            now = told(now)
        ),
    }
}

/// A replay with some of its items and effects.
#[derive(Debug, Serialize)]
struct Whole {
    #[serde(flatten)]
    replay: Replay,
    items: Vec<Item>,
    effects: Vec<Effect>,
}

impl Whole {
    async fn read(db: &Db, id: i64, limit: i64) -> Result<Self, Stop> {
        let replay = found(replays::list(db, Some(id), 0, 1).await?, tr("replay", "重放"), id)?.remove(0);
        let mut tx = db.look().await?;
        let items = replays::items(&mut tx, id, (0, -1), limit).await?;
        let effects = replays::effects(&mut tx, id, limit).await?;
        Ok(Self { replay, items, effects })
    }

    fn show(&self) {
        overview(std::slice::from_ref(&self.replay));
        say(&format!("\n{}", tr("raw records", "原始记录")));
        for item in &self.items {
            let (letter, at) = (item.dead_letter, address(&item.address));
            say(&format!("  {letter}  {at}  → {}  {}", word(&item.outcome), detail(item)));
        }
        say(&format!("\n{}", tr("teachers", "教师")));
        let cells = |e: &Effect| {
            vec![
                e.person.clone(),
                format!("{} → {}", hours(e.units.0), hours(e.units.1)),
                format!("{} → {}", hours(e.provisional.0), hours(e.provisional.1)),
                e.entries_changed.to_string(),
            ]
        };
        let heading = [
            tr("teacher", "教师"),
            tr("class hours", "学时"),
            tr("provisional", "暂认"),
            tr("entries changed", "认定变化"),
        ];
        table(&heading, &self.effects.iter().map(cells).collect::<Vec<_>>());
    }
}

/// What a record says then, or why it stays parked.
fn detail(item: &Item) -> String {
    if let Some(told) = item.detail.get("reasons") {
        return reasons(told);
    }
    let text = |v: &serde_json::Value, k: &str| v.get(k).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    if item.detail.get("unreadable").is_some() {
        return crate::words::phrase(&text(&item.detail, "unreadable")).into_owned();
    }
    let (course, hours, end) =
        (text(&item.detail, "course"), text(&item.detail, "class_hours"), text(&item.detail, "period_end"));
    format!("{course}  {hours} {}  {end}", tr("class hours", "学时"))
}

/// The reasons of a dead letter, in one line.
pub(super) fn reasons(told: &serde_json::Value) -> String {
    let reason = |p: &serde_json::Value| {
        let text = |k: &str| p.get(k).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        let code = text("code");
        let at = place(&code, &text("source_field")).to_string();
        format!("{code} {at}={:?} ({}{})", text("seen"), tr("expected: ", "应为："), expected(&code, &text("expected")))
    };
    told.as_array().into_iter().flatten().map(reason).collect::<Vec<_>>().join("; ")
}

fn overview(rows: &[Replay]) {
    let cells = |r: &Replay| {
        let n = |outcome: &str| r.outcomes.get(outcome).copied().unwrap_or(0).to_string();
        let mut row = vec![r.replay.to_string(), word(&r.state).to_owned(), r.letters.to_string()];
        row.extend(["inserted", "updated", "unchanged", "superseded", "skipped", "parked"].map(n));
        row.push(r.teachers.to_string());
        row.push(r.planned_at.clone());
        row.push(r.planned_by.clone());
        row
    };
    let heading = [
        tr("replay", "重放"),
        tr("state", "状态"),
        tr("letters", "死信"),
        tr("inserted", "新增"),
        tr("updated", "更新"),
        tr("unchanged", "未变"),
        tr("superseded", "过时"),
        tr("skipped", "略过"),
        tr("parked", "待处理"),
        tr("teachers", "教师"),
        tr("planned", "计划时间"),
        tr("by", "计划人"),
    ];
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}
