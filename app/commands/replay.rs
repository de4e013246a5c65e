//! `replay`: processes dead letters again with the current manifests and rules, plan first.

use huiliu_decode::Problem;
use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::replays::{self, ReplayApplied, ReplayShown};
use huiliu_engine::operations::{Act, Page};
use huiliu_engine::replay::{EffectHours, PlanDifference};
use huiliu_messages::Message;
use huiliu_store::admin::letters::LetterFilter;
use huiliu_store::delivery::replays::{Effect, Item, Replay};

use super::dead_letters::build_filter;
use super::plans::{self, TeacherLine};
use crate::cli::Replays;
use crate::render::{format_hours, format_moment, format_number, reasons_text, show, show_page};
use crate::settings::Settings;
use crate::stop::watch_stop_signals;
use crate::table::print_table;
use crate::words::{counting, label, localize_address, localize_word, message_text, note, say, sentence};
use crate::{CliError, open};
use huiliu_values::RecordOutcome;

/// How many raw records and teachers a result contains by default: of a new plan or an applied replay, and of a replay
/// that is shown again.
const DEFAULT_ROWS: [i64; 2] = [20, 50];

pub async fn run(settings: Settings, asked: Replays, json: bool) -> Result<(), CliError> {
    match asked {
        Replays::Plan { matching, all } => plan_replay(settings, &build_filter(*matching)?, all, json).await,
        Replays::Apply { id } => apply_replay(settings, id, json).await,
        Replays::List(span) => {
            let opened = open::open_database(&settings, MayCreate::Nothing).await?;
            let page: Page<Replay> = replays::list(&opened, span.into()).await?;
            opened.close().await;
            show_page(json, &page, show_replays);
            Ok(())
        }
        Replays::Show { id, all, limit } => {
            let opened = open::open_database(&settings, MayCreate::Nothing).await?;
            let told = if all { i64::MAX } else { limit.unwrap_or(DEFAULT_ROWS[1]) };
            let shown = replays::show(&opened, id, told).await?;
            opened.close().await;
            let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(0));
            show(json, &shown, |shown| show_replay(shown, all || limit.is_some(), plans::row_limit(all, limit)));
            Ok(())
        }
    }
}

async fn plan_replay(settings: Settings, filter: &LetterFilter, all: bool, json: bool) -> Result<(), CliError> {
    let runtime = open::start_runtime(&settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: "" };
    let plan =
        replays::plan(&runtime, act, filter, if all { i64::MAX } else { DEFAULT_ROWS[0] }, &watch_stop_signals()?)
            .await?;
    runtime.close().await;
    show(json, &plan, |plan| {
        show_replay(plan, all, plans::row_limit(all, None));
        if !plan.changes {
            return say(label("cli-replay-nothing-would-change-every-record"));
        }
        let id = plan.replay.replay;
        say(&sentence!("cli-replay-nothing-been-changed-yet-do", id));
    });
    Ok(())
}

async fn apply_replay(settings: Settings, id: i64, json: bool) -> Result<(), CliError> {
    let runtime = open::start_runtime(&settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: "" };
    let applied: ReplayApplied = replays::apply(&runtime, act, id, DEFAULT_ROWS[0]).await?;
    runtime.close().await;
    show(json, &applied, |applied| {
        if applied.refused.is_none() {
            show_summary(&applied.shown);
            say(label("cli-replay-applied-teachers-concerned-settled"));
        }
    });
    let Some(moved) = applied.refused else { return Ok(()) };
    for what in moved.iter().take(plans::DEFAULT_SHOWN) {
        note(&format!("  {}", difference_text(what)));
    }
    Err(CliError::failed(sentence!("cli-replay-replay-longer-holds-things-moved", id, n = moved.len()))
        .with_code("replay.stale"))
}

fn difference_text(moved: &PlanDifference) -> String {
    let told = |effect: &Option<EffectHours>| {
        effect.map_or_else(
            || label("cli-replay-change").to_owned(),
            |EffectHours { counted, provisional }| {
                format!(
                    "{}+{} → {}+{}",
                    format_hours(counted.before),
                    format_hours(provisional.before),
                    format_hours(counted.after),
                    format_hours(provisional.after)
                )
            },
        )
    };
    match moved {
        PlanDifference::Activation { connector } => {
            sentence!("cli-replay-manifest-rules-connector-others-now", connector)
        }
        PlanDifference::Correction { dead_letter } => {
            sentence!("cli-replay-corrected-since", dead_letter)
        }
        PlanDifference::Unfinished => label("cli-replay-plan-was-finished").to_owned(),
        PlanDifference::Letter { dead_letter, address: at, planned, now } => sentence!(
            "cli-replay-dead-letter-planned-now",
            dead_letter,
            at = localize_address(at),
            planned = localize_word(planned.as_str()),
            now = localize_word(now.as_str())
        ),
        PlanDifference::Teacher { person, planned, now } => {
            // A person who is not a teacher yet has no number.
            let person = if person.starts_with("new:") { label("cli-plans-new") } else { person.as_str() };
            sentence!("cli-replay-teacher-planned-class-hours-now", person, planned = told(planned), now = told(now))
        }
    }
}

/// Shows a replay: totals, then raw records on request, then the first teachers.
fn show_replay(shown: &ReplayShown, records: bool, most: usize) {
    show_summary(shown);
    if records && !shown.items.is_empty() {
        say("");
        say(label("cli-replay-raw-records"));
        for item in shown.items.iter().take(most) {
            let (letter, at) = (item.dead_letter, localize_address(&item.address));
            say(&format!("  {letter}  {at}  → {}  {}", localize_word(item.outcome.as_str()), detail_text(item)));
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
    let listed = i64::try_from(shown.items.len().min(most)).unwrap_or(i64::MAX);
    if !records && all > 0 {
        say(&format!("  {}", counting!("cli-replay-records-more", n = all)));
    } else if listed < all {
        say(&format!("  {}", sentence!("cli-plans-more", shown = format_number(listed), total = format_number(all))));
    }
}

/// Shows the totals of a replay: raw records, dead letters, hours.
fn show_summary(ReplayShown { replay, sums, .. }: &ReplayShown) {
    let (id, state, at) = (replay.replay, localize_word(replay.state.as_str()), format_moment(&replay.planned_at));
    say(&sentence!("cli-replay-heading", id, state, at, by = replay.planned_by));
    let of = |(outcome, n): (&RecordOutcome, &i64)| {
        sentence!("cli-render-of-outcome", n = format_number(*n), outcome = localize_word(outcome.as_str()))
    };
    let outcomes: Vec<String> = replay.outcomes.iter().filter(|(_, n)| **n > 0).map(of).collect();
    let records: i64 = replay.outcomes.values().sum();
    if records == 0 {
        return;
    }
    let outcomes = outcomes.join(label("cli-render-comma"));
    let mut parts = plans::gain_texts(&sums.gains);
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

/// Describes what a record would become, or why it stays parked or cannot be read.
fn detail_text(item: &Item) -> String {
    if let Some(stored) = item.detail.get("reasons") {
        return reasons_text(&Problem::from_stored(&stored.to_string()));
    }
    let text = |k: &str| item.detail.get(k).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    if let Some(why) = item.detail.get("unreadable") {
        return message_text(&Message::from_json(why));
    }
    let (course, hours, end) = (text("course"), text("class_hours"), text("period_end"));
    format!("{course}  {hours} {}  {end}", label("cli-replay-class-hours"))
}

fn show_replays(rows: &[Replay]) {
    let cells = |r: &Replay| {
        let n = |outcome: RecordOutcome| r.outcomes.get(&outcome).copied().unwrap_or(0);
        let n = |outcome: RecordOutcome| format_number(n(outcome));
        let mut row = vec![r.replay.to_string(), localize_word(r.state.as_str()).to_owned(), format_number(r.letters)];
        use RecordOutcome::{Inserted, Parked, Skipped, Superseded, Unchanged, Updated, Withdrawn};
        row.extend([Inserted, Updated, Unchanged, Superseded, Skipped, Withdrawn, Parked].map(n));
        row.push(format_number(r.teachers));
        row.push(format_moment(&r.planned_at));
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
        label("cli-replay-withdrawn"),
        label("cli-replay-parked"),
        label("cli-replay-teachers"),
        label("cli-replay-planned"),
        label("cli-replay-by"),
    ];
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}
