//! `replay`: dead letters through today's manifests and rules, the plan first.

use huiliu_decode::Problem;
use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::replays::{self, ReplayApplied, ReplayShown};
use huiliu_engine::operations::{Act, Page};
use huiliu_engine::replay::{EffectHours, PlanDifference};
use huiliu_messages::Message;
use huiliu_store::delivery::replays::{Effect, Filter, Item, Replay};

use super::days::{begin_of, check_days, end_of};
use super::plans::{self, TeacherLine};
use super::sync::told_to_stop;
use crate::cli::{Matching, Replays};
use crate::render::{grouped, hours, moment, reasons, show, show_page};
use crate::settings::Settings;
use crate::table::table;
use crate::words::{address, counting, label, note, said, say, sentence, word};
use crate::{CliError, open};
use huiliu_values::RecordOutcome;

/// Raw records, and teachers, that JSON tells of a plan, and of one that is shown again, where nobody asks for more.
const TOLD: [i64; 2] = [20, 50];

pub async fn run(settings: Settings, asked: Replays, json: bool) -> Result<(), CliError> {
    match asked {
        Replays::Plan { matching, all } => {
            check_days(matching.since, matching.until)?;
            plan(settings, &filter(matching), all, json).await
        }
        Replays::Apply { id } => apply(settings, id, json).await,
        Replays::List(span) => {
            let opened = open::database(&settings, MayCreate::Nothing).await?;
            let page: Page<Replay> = replays::list(&opened, span.into()).await?;
            opened.close().await;
            show_page(json, &page, overview);
            Ok(())
        }
        Replays::Show { id, all, limit } => {
            let opened = open::database(&settings, MayCreate::Nothing).await?;
            let told = if all { i64::MAX } else { limit.unwrap_or(TOLD[1]) };
            let shown = replays::show(&opened, id, told).await?;
            opened.close().await;
            let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(0));
            show(json, &shown, |shown| show_replay(shown, all || limit.is_some(), plans::shown(all, limit)));
            Ok(())
        }
    }
}

fn filter(m: Matching) -> Filter {
    Filter {
        connector: m.connector,
        source: m.source,
        code: m.code,
        run: m.run,
        since: m.since.and_then(begin_of),
        until: m.until.and_then(end_of),
    }
}

async fn plan(settings: Settings, filter: &Filter, all: bool, json: bool) -> Result<(), CliError> {
    let runtime = open::runtime(&settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: "" };
    let plan = replays::plan(&runtime, act, filter, if all { i64::MAX } else { TOLD[0] }, &told_to_stop()?).await?;
    runtime.close().await;
    show(json, &plan, |plan| {
        show_replay(plan, all, plans::shown(all, None));
        if !plan.changes {
            return say(label("cli-replay-nothing-would-change-every-record"));
        }
        let id = plan.replay.replay;
        say(&sentence!("cli-replay-nothing-been-changed-yet-do", id));
    });
    Ok(())
}

async fn apply(settings: Settings, id: i64, json: bool) -> Result<(), CliError> {
    let runtime = open::runtime(&settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: "" };
    let applied: ReplayApplied = replays::apply(&runtime, act, id, TOLD[0]).await?;
    runtime.close().await;
    show(json, &applied, |applied| {
        if applied.refused.is_none() {
            show_summary(&applied.shown);
            say(label("cli-replay-applied-teachers-concerned-settled"));
        }
    });
    let Some(moved) = applied.refused else { return Ok(()) };
    for what in moved.iter().take(plans::SHOWN) {
        note(&format!("  {}", moved_in_words(what)));
    }
    Err(CliError::failed(sentence!("cli-replay-replay-longer-holds-things-moved", id, n = moved.len()))
        .with_code("replay.stale"))
}

fn moved_in_words(moved: &PlanDifference) -> String {
    let told = |effect: &Option<EffectHours>| {
        effect.map_or_else(
            || label("cli-replay-change").to_owned(),
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
        PlanDifference::Activation { connector } => {
            sentence!("cli-replay-manifest-rules-connector-others-now", connector)
        }
        PlanDifference::Unfinished => label("cli-replay-plan-was-finished").to_owned(),
        PlanDifference::Letter { dead_letter, address: at, planned, now } => sentence!(
            "cli-replay-dead-letter-planned-now",
            dead_letter,
            at = address(at),
            planned = word(planned.as_str()),
            now = word(now.as_str())
        ),
        PlanDifference::Teacher { person, planned, now } => {
            // Who is no teacher yet has no number.
            let person = if person.starts_with("new:") { label("cli-plans-new") } else { person.as_str() };
            sentence!("cli-replay-teacher-planned-class-hours-now", person, planned = told(planned), now = told(now))
        }
    }
}

/// A replay: what it comes to, then raw records where they are asked for, and the first of the teachers.
fn show_replay(shown: &ReplayShown, records: bool, most: usize) {
    show_summary(shown);
    if records && !shown.items.is_empty() {
        say(&format!("\n{}", label("cli-replay-raw-records")));
        for item in shown.items.iter().take(most) {
            let (letter, at) = (item.dead_letter, address(&item.address));
            say(&format!("  {letter}  {at}  → {}  {}", word(item.outcome.as_str()), detail(item)));
        }
    }
    let line = |e: &Effect| TeacherLine {
        number: e.teacher,
        name: e.name.clone(),
        id_number: e.id_number.clone(),
        counted: e.counted,
        provisional: e.provisional,
        entries_changed: e.entries_changed.to_string(),
    };
    let total = usize::try_from(shown.replay.teachers).unwrap_or(usize::MAX);
    plans::show_teachers(shown.effects.iter().map(line), most, total);
    let all: i64 = shown.replay.outcomes.values().sum();
    if !records && all > 0 {
        say(&format!("  {}", counting!("cli-replay-records-more", n = all)));
    }
}

/// What a replay comes to, in words: raw records, dead letters, hours.
fn show_summary(ReplayShown { replay, sums, .. }: &ReplayShown) {
    let (id, state, at) = (replay.replay, word(replay.state.as_str()), moment(&replay.planned_at));
    say(&sentence!("cli-replay-heading", id, state, at, by = replay.planned_by));
    let of = |(outcome, n): (&RecordOutcome, &i64)| {
        sentence!("cli-render-of-outcome", n = grouped(*n), outcome = word(outcome.as_str()))
    };
    let outcomes: Vec<String> = replay.outcomes.iter().filter(|(_, n)| **n > 0).map(of).collect();
    let records: i64 = replay.outcomes.values().sum();
    if records == 0 {
        return;
    }
    let outcomes = outcomes.join(label("cli-render-comma"));
    let mut parts = plans::gains(&sums.gains);
    let open = replay.letters - sums.closing;
    if sums.closing > 0 {
        parts.push(counting!("cli-replay-close", n = sums.closing));
    }
    if open > 0 {
        parts.push(counting!("cli-replay-stay", n = open));
    }
    say(&format!("  {}", counting!("cli-replay-records", n = records, outcomes = outcomes)));
    plans::say_summary(&parts);
}

/// What a record says then, or why it stays parked.
fn detail(item: &Item) -> String {
    if let Some(stored) = item.detail.get("reasons") {
        return reasons(&Problem::from_stored(&stored.to_string()));
    }
    let text = |k: &str| item.detail.get(k).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    if let Some(why) = item.detail.get("unreadable") {
        return said(&Message::from_json(why));
    }
    let (course, hours, end) = (text("course"), text("class_hours"), text("period_end"));
    format!("{course}  {hours} {}  {end}", label("cli-replay-class-hours"))
}

fn overview(rows: &[Replay]) {
    let cells = |r: &Replay| {
        let n = |outcome: RecordOutcome| r.outcomes.get(&outcome).copied().unwrap_or(0);
        let n = |outcome: RecordOutcome| grouped(n(outcome));
        let mut row = vec![r.replay.to_string(), word(r.state.as_str()).to_owned(), grouped(r.letters)];
        use RecordOutcome::{Inserted, Parked, Skipped, Superseded, Unchanged, Updated};
        row.extend([Inserted, Updated, Unchanged, Superseded, Skipped, Parked].map(n));
        row.push(grouped(r.teachers));
        row.push(moment(&r.planned_at));
        row.push(r.planned_by.clone());
        row
    };
    let heading = [
        label("cli-replay-replay"),
        label("cli-replay-state"),
        label("cli-replay-letters"),
        label("cli-replay-inserted"),
        label("cli-replay-updated"),
        label("cli-replay-unchanged"),
        label("cli-replay-superseded"),
        label("cli-replay-skipped"),
        label("cli-replay-parked"),
        label("cli-replay-teachers"),
        label("cli-replay-planned"),
        label("cli-replay-by"),
    ];
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}
