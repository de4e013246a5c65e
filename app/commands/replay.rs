//! `replay`: dead letters through today's manifests and rules, the plan first.

use chrono::{Days, NaiveDate, NaiveTime};
use huiliu_decode::Problem;
use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::replays::{self, ReplayApplied, ReplayShown};
use huiliu_engine::operations::{Act, Page};
use huiliu_engine::replay::{EffectHours, PlanDifference};
use huiliu_messages::Message;
use huiliu_store::delivery::replays::{Effect, Filter, Item, Replay};

use super::sync::told_to_stop;
use crate::cli::{Matching, Replays};
use crate::render::{hours, moment, reasons, show, show_page};
use crate::settings::Settings;
use crate::table::table;
use crate::words::{address, label, note, said, say, sentence, word};
use crate::{CliError, open};
use huiliu_values::RecordOutcome;

/// Rows shown of a plan unless `--limit` says otherwise.
const SHOWN: i64 = 20;

pub async fn run(settings: Settings, asked: Replays, json: bool) -> Result<(), CliError> {
    match asked {
        Replays::Plan { matching } => plan(settings, &filter(matching), json).await,
        Replays::Apply { id } => apply(settings, id, json).await,
        Replays::List(span) => {
            let opened = open::database(&settings, MayCreate::Nothing).await?;
            let page: Page<Replay> = replays::list(&opened, span.into()).await?;
            opened.close().await;
            show_page(json, &page, overview);
            Ok(())
        }
        Replays::Show { id, limit } => {
            let opened = open::database(&settings, MayCreate::Nothing).await?;
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
    let runtime = open::runtime(&settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: "" };
    let plan = replays::plan(&runtime, act, filter, SHOWN, &told_to_stop()?).await?;
    runtime.close().await;
    show(json, &plan, |plan| {
        show_replay(plan);
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
    let applied: ReplayApplied = replays::apply(&runtime, act, id, SHOWN).await?;
    runtime.close().await;
    show(json, &applied, |applied| {
        if applied.refused.is_none() {
            overview(std::slice::from_ref(&applied.shown.replay));
            say(label("cli-replay-applied-teachers-concerned-settled"));
        }
    });
    let Some(moved) = applied.refused else { return Ok(()) };
    for what in moved.iter().take(usize::try_from(SHOWN).unwrap_or(20)) {
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
            sentence!("cli-replay-teacher-planned-class-hours-now", person, planned = told(planned), now = told(now))
        }
    }
}

fn show_replay(shown: &ReplayShown) {
    overview(std::slice::from_ref(&shown.replay));
    say(&format!("\n{}", label("cli-replay-raw-records")));
    for item in &shown.items {
        let (letter, at) = (item.dead_letter, address(&item.address));
        say(&format!("  {letter}  {at}  → {}  {}", word(item.outcome.as_str()), detail(item)));
    }
    say(&format!("\n{}", label("cli-replay-teachers")));
    let cells = |e: &Effect| {
        vec![
            e.person.clone(),
            format!("{} → {}", hours(e.counted.before), hours(e.counted.after)),
            format!("{} → {}", hours(e.provisional.before), hours(e.provisional.after)),
            e.entries_changed.to_string(),
        ]
    };
    let heading = [
        label("cli-replay-teacher"),
        label("cli-replay-class-hours"),
        label("cli-replay-provisional"),
        label("cli-replay-entries-changed"),
    ];
    table(&heading, &shown.effects.iter().map(cells).collect::<Vec<_>>());
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
