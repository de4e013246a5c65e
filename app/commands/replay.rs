//! `replay`: dead letters through today's manifests and rules, the plan first.

use chrono::{Days, NaiveDate, NaiveTime};
use huiliu_engine::database::Make;
use huiliu_engine::operations::replays::{self, ReplayApplied, ReplayShown};
use huiliu_engine::operations::{Act, Page};
use huiliu_engine::replay::{EffectHours, Moved};
use huiliu_store::delivery::replays::{Effect, Filter, Item, Replay};

use super::sync::told_to_stop;
use crate::cli::{Matching, Replays};
use crate::render::{hours, moment, reasons, show, show_page};
use crate::settings::Settings;
use crate::table::table;
use crate::words::{address, both, note, phrase, say, tr, word};
use crate::{CliError, open};
use huiliu_values::RecordOutcome;

/// Rows shown of a plan unless `--limit` says otherwise.
const SHOWN: i64 = 20;

pub async fn run(settings: Settings, asked: Replays, json: bool) -> Result<(), CliError> {
    match asked {
        Replays::Plan { matching } => plan(settings, &filter(matching), json).await,
        Replays::Apply { id } => apply(settings, id, json).await,
        Replays::List(span) => {
            let opened = open::database(&settings, Make::Nothing).await?;
            let page: Page<Replay> = replays::list(&opened, span.into()).await?;
            opened.close().await;
            show_page(json, &page, overview);
            Ok(())
        }
        Replays::Show { id, limit } => {
            let opened = open::database(&settings, Make::Nothing).await?;
            let shown = replays::show(&opened, id, limit).await?;
            opened.close().await;
            show(json, &shown, show_replay);
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

async fn plan(settings: Settings, filter: &Filter, json: bool) -> Result<(), CliError> {
    let runtime = open::runtime(&settings, Make::Nothing).await?;
    let act = Act { actor: &settings.actor, because: "" };
    let plan = replays::plan(&runtime, act, filter, SHOWN, &told_to_stop()?).await?;
    runtime.close().await;
    show(json, &plan, |plan| {
        show_replay(plan);
        if !plan.changes {
            return say(tr(
                "\nnothing would change: every record stays parked, and there is nothing to apply",
                "\n不会有任何变化：全部记录仍待处理，无需执行",
            ));
        }
        let id = plan.replay.replay;
        say(&both!(
            "\nnothing has been changed yet; to do it: huiliu replay apply {id}; all of it: huiliu replay show {id} --limit 100000",
            "\n尚未改动任何数据；执行请用：huiliu replay apply {id}；查看全部：huiliu replay show {id} --limit 100000"
        ));
    });
    Ok(())
}

async fn apply(settings: Settings, id: i64, json: bool) -> Result<(), CliError> {
    let runtime = open::runtime(&settings, Make::Nothing).await?;
    let act = Act { actor: &settings.actor, because: "" };
    let applied: ReplayApplied = replays::apply(&runtime, act, id, SHOWN).await?;
    runtime.close().await;
    show(json, &applied, |applied| {
        if applied.refused.is_none() {
            overview(std::slice::from_ref(&applied.shown.replay));
            say(tr("\napplied; the teachers concerned are settled", "\n已执行；相关教师已结算"));
        }
    });
    let Some(moved) = applied.refused else { return Ok(()) };
    for what in moved.iter().take(usize::try_from(SHOWN).unwrap_or(20)) {
        note(&format!("  {}", moved_in_words(what)));
    }
    Err(CliError::failed(both!(
        "replay {id} no longer holds, {n} things moved since it was planned; nothing was changed; plan again",
        "重放 {id} 已不成立，计划之后有 {n} 处变化；未改动任何数据；请重新计划",
        n = moved.len()
    ))
    .with_code("replay.stale"))
}

fn moved_in_words(moved: &Moved) -> String {
    let told = |effect: &Option<EffectHours>| {
        effect.map_or_else(
            || tr("no change", "无变化").to_owned(),
            |EffectHours { counted, provisional }| {
                format!(
                    "{}+{} → {}+{}",
                    hours(counted.before),
                    hours(provisional.before),
                    hours(counted.after),
                    hours(provisional.after)
                )
            },
        )
    };
    match moved {
        Moved::Activation { connector } => both!(
            "the manifest or the rules of connector {connector} are others now",
            "连接器 {connector} 的清单或规则已更换"
        ),
        Moved::Unfinished => tr("the plan was not finished", "计划没有做完").to_owned(),
        Moved::Letter { dead_letter, address: at, planned, now } => both!(
            "dead letter {dead_letter} ({at}): planned {planned}, now {now}",
            "死信 {dead_letter}（{at}）：计划为{planned}，现为{now}",
            at = address(at),
            planned = word(planned.as_str()),
            now = word(now.as_str())
        ),
        Moved::Teacher { person, planned, now } => both!(
            "teacher {person}: planned {planned} class hours, now {now}",
            "教师 {person}：计划 {planned} 学时，现为 {now}",
            planned = told(planned),
            now = told(now)
        ),
    }
}

fn show_replay(shown: &ReplayShown) {
    overview(std::slice::from_ref(&shown.replay));
    say(&format!("\n{}", tr("raw records", "原始记录")));
    for item in &shown.items {
        let (letter, at) = (item.dead_letter, address(&item.address));
        say(&format!("  {letter}  {at}  → {}  {}", word(item.outcome.as_str()), detail(item)));
    }
    say(&format!("\n{}", tr("teachers", "教师")));
    let cells = |e: &Effect| {
        vec![
            e.person.clone(),
            format!("{} → {}", hours(e.counted.before), hours(e.counted.after)),
            format!("{} → {}", hours(e.provisional.before), hours(e.provisional.after)),
            e.entries_changed.to_string(),
        ]
    };
    let heading = [
        tr("teacher", "教师"),
        tr("class hours", "学时"),
        tr("provisional", "暂认"),
        tr("entries changed", "认定变化"),
    ];
    table(&heading, &shown.effects.iter().map(cells).collect::<Vec<_>>());
}

/// What a record says then, or why it stays parked.
fn detail(item: &Item) -> String {
    if let Some(told) = item.detail.get("reasons") {
        return reasons(told);
    }
    let text = |k: &str| item.detail.get(k).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    if item.detail.get("unreadable").is_some() {
        return phrase(&text("unreadable")).into_owned();
    }
    let (course, hours, end) = (text("course"), text("class_hours"), text("period_end"));
    format!("{course}  {hours} {}  {end}", tr("class hours", "学时"))
}

fn overview(rows: &[Replay]) {
    let cells = |r: &Replay| {
        let n = |outcome: RecordOutcome| r.outcomes.get(&outcome).copied().unwrap_or(0).to_string();
        let mut row = vec![r.replay.to_string(), word(r.state.as_str()).to_owned(), r.letters.to_string()];
        use RecordOutcome::{Inserted, Parked, Skipped, Superseded, Unchanged, Updated};
        row.extend([Inserted, Updated, Unchanged, Superseded, Skipped, Parked].map(n));
        row.push(r.teachers.to_string());
        row.push(moment(&r.planned_at));
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
