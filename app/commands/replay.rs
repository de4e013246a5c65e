//! `replay`: processes dead letters again with the current manifests and rules, plan first.

use huiliu_decode::Problem;
use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::replays::{self, ReplayApplied, ReplayShown};
use huiliu_engine::operations::{Act, Page};
use huiliu_engine::replay::{EffectHours, PlanDifference, Progress, Watch};
use huiliu_messages::Message;
use huiliu_store::admin::letters::LetterFilter;
use huiliu_store::delivery::replays::{Effect, Item, Replay, Steps};

use super::dead_letters::build_filter;
use super::plans::{self, TeacherLine};
use super::progress::StepLine;
use crate::cli::Replays;
use crate::render::{format_hours, format_moment, format_number, reasons_text, show, show_page};
use crate::settings::Settings;
use crate::stop::watch_stop_signals;
use crate::table::print_table;
use crate::words::{counting, label, localize_address, localize_word, message_text, note, say, sentence};
use crate::{CliError, open};
use huiliu_values::{ApprovalReason, KeptBecause, RecordOutcome, ReplayReads};

/// How many raw records and teachers a result contains by default: of a new plan or an applied replay, and of a replay
/// that is shown again.
const DEFAULT_ROWS: [i64; 2] = [20, 50];

pub async fn run(settings: Settings, asked: Replays, json: bool) -> Result<(), CliError> {
    match asked {
        Replays::Plan { matching, stored, all } => {
            let reads = if stored { ReplayReads::Records } else { ReplayReads::DeadLetters };
            plan_replay(settings, (reads, &build_filter(*matching)?), all, json).await
        }
        Replays::Approve { id, because } => approve_replay(settings, id, &because, json).await,
        Replays::Close { id, because } => close_replay(settings, id, &because, json).await,
        Replays::Apply { id } => apply_replay(settings, id, json).await,
        Replays::Undo { id, all } => plan_undo(settings, id, all, json).await,
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

/// A line that shows how far a replay is, and a signal by which the user stops it.
struct Watched {
    line: StepLine,
    stop: tokio::sync::watch::Receiver<bool>,
}

impl Watched {
    fn start() -> Result<Self, CliError> {
        Ok(Self { line: StepLine::new(), stop: watch_stop_signals()? })
    }

    /// Performs an operation that is watched.
    async fn run<T>(&self, perform: impl AsyncFnOnce(Watch<'_>) -> T) -> T {
        let told = |progress: Progress| self.line.show_step(progress.done, progress.total);
        let done = perform(Watch { stop: Some(&self.stop), told: Some(&told) }).await;
        self.line.clear();
        done
    }
}

async fn plan_replay(
    settings: Settings,
    selected: (ReplayReads, &LetterFilter),
    all: bool,
    json: bool,
) -> Result<(), CliError> {
    let runtime = open::start_runtime(&settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: "" };
    let rows = if all { i64::MAX } else { DEFAULT_ROWS[0] };
    let watched = Watched::start()?;
    let plan = watched.run(async |watch| replays::plan(&runtime, act, selected, rows, watch).await).await?;
    runtime.close().await;
    show(json, &plan, |plan| show_new_plan(plan, all));
    Ok(())
}

async fn plan_undo(settings: Settings, id: i64, all: bool, json: bool) -> Result<(), CliError> {
    let runtime = open::start_runtime(&settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: "" };
    let rows = if all { i64::MAX } else { DEFAULT_ROWS[0] };
    let watched = Watched::start()?;
    let plan = watched.run(async |watch| replays::plan_undo(&runtime, act, id, rows, watch).await).await?;
    runtime.close().await;
    show(json, &plan, |plan| show_new_plan(plan, all));
    Ok(())
}

/// Shows a plan that was just made, and what to do with it.
fn show_new_plan(plan: &ReplayShown, all: bool) {
    show_replay(plan, all, plans::row_limit(all, None));
    let id = plan.replay.replay;
    if !plan.changes {
        say(label(match (plan.replay.undoes, plan.replay.reads) {
            (Some(_), _) => "cli-replay-nothing-to-undo",
            (None, ReplayReads::DeadLetters) => "cli-replay-nothing-would-change-every-record",
            (None, ReplayReads::Records) => "cli-replay-nothing-would-change-stored",
        }));
    } else if plan.replay.approval.is_some() {
        say(&sentence!("cli-replay-approve-first", id));
    } else {
        say(&sentence!("cli-replay-nothing-been-changed-yet-do", id));
    }
}

async fn approve_replay(settings: Settings, id: i64, because: &str, json: bool) -> Result<(), CliError> {
    let runtime = open::start_runtime(&settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because };
    let approved = replays::approve(&runtime, act, id).await?;
    runtime.close().await;
    show(json, &approved, |_| say(&sentence!("cli-replay-is-approved", id)));
    Ok(())
}

async fn close_replay(settings: Settings, id: i64, because: &str, json: bool) -> Result<(), CliError> {
    let runtime = open::start_runtime(&settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because };
    let closed = replays::close(&runtime, act, id).await?;
    runtime.close().await;
    show(json, &closed, |closed| {
        let Steps { applied, total } = closed.replay.steps;
        say(&match applied {
            0 => sentence!("cli-replay-is-closed", id),
            _ => sentence!("cli-replay-is-closed-partly-applied", id, applied, total),
        });
    });
    Ok(())
}

async fn apply_replay(settings: Settings, id: i64, json: bool) -> Result<(), CliError> {
    let runtime = open::start_runtime(&settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: "" };
    let watched = Watched::start()?;
    let applied: ReplayApplied =
        watched.run(async |watch| replays::apply(&runtime, act, id, DEFAULT_ROWS[0], watch).await).await?;
    runtime.close().await;
    show(json, &applied, |applied| {
        if applied.refused.is_none() {
            show_summary(&applied.shown);
            say(label("cli-replay-applied-teachers-concerned-settled"));
            if applied.shown.replay.undoes.is_none() {
                say(&sentence!("cli-replay-to-undo", id));
            }
        }
    });
    let Some(moved) = applied.refused else { return Ok(()) };
    for what in moved.iter().take(plans::DEFAULT_SHOWN) {
        note(&format!("  {}", difference_text(what)));
    }
    let Steps { applied, total } = applied.shown.replay.steps;
    let told = if applied == 0 {
        sentence!("cli-replay-replay-longer-holds-things-moved", id, n = moved.len())
    } else {
        sentence!("cli-replay-partly-applied", id, n = moved.len(), applied, total)
    };
    Err(CliError::failed(told).with_code("replay.stale"))
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
        PlanDifference::MappedValue { mapped_value } => {
            sentence!("cli-replay-mapped-since", mapped_value)
        }
        PlanDifference::Kept { batch, index, planned, now } => {
            let told = |because: &Option<KeptBecause>| match because {
                Some(because) => localize_word(because.as_str()),
                None => label("cli-replay-parked-again"),
            };
            let record = i64::from(*index) + 1;
            sentence!("cli-replay-kept-planned-now", batch, record, planned = told(planned), now = told(now))
        }
        PlanDifference::Closed { by, because } => sentence!("cli-replay-closed-by", by, because),
        PlanDifference::Unfinished => label("cli-replay-plan-was-finished").to_owned(),
        PlanDifference::Letter { dead_letter, record, address: at, planned, now } => {
            let (planned, now) = (localize_word(planned.as_str()), localize_word(now.as_str()));
            let at = localize_address(at);
            match (dead_letter, record) {
                (Some(dead_letter), _) => {
                    sentence!("cli-replay-dead-letter-planned-now", dead_letter, at, planned, now)
                }
                (None, record) => {
                    sentence!("cli-replay-record-planned-now", record = record.unwrap_or(0), at, planned, now)
                }
            }
        }
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
            let number = item.dead_letter.or(item.record).unwrap_or(0);
            let at = localize_address(&item.address);
            let becomes = match (shown.replay.undoes, item.kept) {
                (None, _) => localize_word(item.outcome.as_str()),
                (Some(_), None) if item.record.is_some() => label("cli-replay-as-before"),
                (Some(_), None) => label("cli-replay-parked-again"),
                (Some(_), Some(kept)) => localize_word(kept.as_str()),
            };
            say(&format!("  {number}  {at}  → {becomes}  {}", detail_text(item)));
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
    match replay.undoes {
        Some(undone) => say(&sentence!("cli-replay-undo-heading", id, undone, state, at, by = replay.planned_by)),
        None => say(&sentence!("cli-replay-heading", id, state, at, by = replay.planned_by)),
    }
    if let (Some(by), Some(at)) = (&replay.approved_by, &replay.approved_at) {
        say(&sentence!("cli-replay-approved-by", by, at = format_moment(at)));
    } else if let Some(approval) = replay.approval {
        say(label(match approval {
            ApprovalReason::Records => "cli-replay-approval-records",
            ApprovalReason::Certificate => "cli-replay-approval-certificate",
        }));
    }
    let closed = replay.moved.as_ref().and_then(|moved| moved.get(0)).filter(|first| first["what"] == "closed");
    if let Some(closed) = closed {
        let text = |key: &str| closed[key].as_str().unwrap_or_default();
        say(&format!("  {}", sentence!("cli-replay-closed-by", by = text("by"), because = text("because"))));
    }
    let Steps { applied, total } = replay.steps;
    if total > 1 {
        say(&sentence!("cli-replay-steps", applied, total));
    }
    if let Some(undo) = replay.undone_by {
        say(&sentence!("cli-replay-undone-by", undo));
    }
    let of = |(outcome, n): (&RecordOutcome, &i64)| {
        sentence!("cli-render-of-outcome", n = format_number(*n), outcome = localize_word(outcome.as_str()))
    };
    let outcomes: Vec<String> = replay.outcomes.iter().filter(|(_, n)| **n > 0).map(of).collect();
    let records: i64 = replay.outcomes.values().sum();
    if replay.unchanged > 0 {
        say(&format!("  {}", counting!("cli-replay-records-unchanged", n = replay.unchanged)));
    }
    if records == 0 {
        return;
    }
    let outcomes = outcomes.join(label("cli-render-comma"));
    let mut parts = plans::gain_texts(&sums.gains);
    if replay.undoes.is_some() {
        let n = records - sums.kept;
        say(&format!(
            "  {}",
            match replay.reads {
                ReplayReads::DeadLetters => counting!("cli-replay-records-parked-again", n = n),
                ReplayReads::Records => counting!("cli-replay-records-as-before", n = n),
            }
        ));
        if sums.kept > 0 {
            say(&format!("  {}", counting!("cli-replay-records-kept", n = sums.kept)));
        }
        return plans::say_summary(&parts);
    }
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

/// Describes what a record would become, or why it stays parked or cannot be read; of a stored record, also what it was.
fn detail_text(item: &Item) -> String {
    let becomes = content_text(&item.detail);
    match item.detail.get("before") {
        Some(before) if item.outcome == RecordOutcome::Updated => changes_text(before, &item.detail).unwrap_or(becomes),
        _ => becomes,
    }
}

/// Lists the fields of a stored record that would change; `None` if none of those that are shown would.
fn changes_text(before: &serde_json::Value, after: &serde_json::Value) -> Option<String> {
    let fields = [
        ("course", "cli-replay-course"),
        ("class_hours", "cli-replay-class-hours"),
        ("period_end", "cli-replay-last-day"),
        ("pass_state", "cli-replay-result"),
    ];
    let text = |of: &serde_json::Value, field: &str| {
        let text = of.get(field).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        if field == "pass_state" { localize_word(&text).to_owned() } else { text }
    };
    let changes = fields.into_iter().filter(|(field, _)| before.get(field) != after.get(field));
    let changes: Vec<String> = changes
        .map(|(field, name)| format!("{} {} → {}", label(name), text(before, field), text(after, field)))
        .collect();
    (!changes.is_empty()).then(|| changes.join(label("cli-render-comma")))
}

fn content_text(detail: &serde_json::Value) -> String {
    if let Some(stored) = detail.get("reasons") {
        return reasons_text(&Problem::from_stored(&stored.to_string()));
    }
    let text = |k: &str| detail.get(k).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    if let Some(why) = detail.get("unreadable") {
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
