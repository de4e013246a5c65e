//! `decisions`: what people decide about credit, a plan first: whose hours change, then the decision, then the hours.

use huiliu_engine::recount::{self, Change};
use huiliu_rules::policy::Policy;
use huiliu_store::Tx;
use huiliu_store::ledger::decisions::{self, By, Decision, Verdict};
use huiliu_store::ledger::{courses, facts, marks};
use serde_json::json;

use super::decide::actor;
use super::identity;
use super::rules::changed;
use crate::Stop;
use crate::cli::{Decided, Decisions};
use crate::settings::Settings;
use crate::wire::{self, Books, House, Make};
use crate::words::{both, say, say_json, table, tr};

/// Whether it is only a plan, and why it is decided.
#[derive(Debug, Clone, Copy)]
pub struct Mode<'a> {
    pub plan: bool,
    pub because: &'a str,
}

impl<'a> Mode<'a> {
    pub fn of(decided: &'a Decided) -> Self {
        Self { plan: decided.plan, because: &decided.because }
    }
}

/// A decision, with the rules before it and after it.
pub struct Ruling<'a> {
    pub verdict: Verdict<'a>,
    pub before: &'a Policy,
    pub after: &'a Policy,
}

pub async fn run(settings: Settings, asked: Decisions, json: bool) -> Result<(), Stop> {
    match asked {
        Decisions::List { teacher, span } => list(settings, teacher, (span.after, span.limit), json).await,
        Decisions::Revoke { record, mode } => {
            credit(settings, ("credit.revoke", record, json!({})), Mode::of(&mode), json).await
        }
        Decisions::Grade { record, grade, mode } => {
            let detail = json!({ "grade": grade.as_str() });
            credit(settings, ("credit.grade", record, detail), Mode::of(&mode), json).await
        }
        Decisions::Keep { record, mode } => {
            credit(settings, ("credit.keep", record, json!({})), Mode::of(&mode), json).await
        }
        Decisions::Undo { decision, mode } => undo(settings, decision, Mode::of(&mode), json).await,
    }
}

async fn list(settings: Settings, teacher: Option<i64>, (after, limit): (i64, i64), json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    let rows = decisions::list(&books.db, teacher, after, limit).await?;
    if json {
        say_json(&rows);
    } else {
        let about = |d: &Decision| {
            let of =
                [(tr("record", "记录"), d.record), (tr("claim", "声明"), d.claim), (tr("teacher", "教师"), d.teacher)];
            let of = of.iter().filter_map(|(what, id)| id.map(|id| format!("{what} {id}")));
            of.collect::<Vec<_>>().join(" · ")
        };
        let state = |d: &Decision| match (d.reverses, d.reversed_by) {
            (Some(n), _) => both!("undoes {n}", "撤回 {n}"),
            (_, Some(n)) => both!("undone by {n}", "已被 {n} 撤回"),
            _ => tr("holds", "有效").to_owned(),
        };
        let cells = |d: &Decision| {
            vec![
                d.decision.to_string(),
                d.at.clone(),
                d.actor.clone(),
                d.kind.clone(),
                about(d),
                if d.detail.as_object().is_some_and(|o| o.is_empty()) { String::new() } else { d.detail.to_string() },
                state(d),
                d.because.clone(),
            ]
        };
        let heading = [
            tr("decision", "决定"),
            tr("at", "时间"),
            tr("by", "操作人"),
            tr("kind", "种类"),
            tr("about", "对象"),
            tr("detail", "详情"),
            tr("state", "状态"),
            tr("because", "理由"),
        ];
        table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
    }
    books.close().await;
    Ok(())
}

/// A decision about a record.
async fn credit(
    settings: Settings,
    (kind, record, detail): (&str, i64, serde_json::Value),
    mode: Mode<'_>,
    json: bool,
) -> Result<(), Stop> {
    let house = wire::open(settings, Make::Nothing).await?;
    let policy = in_force(&house).await?;
    let verdict = Verdict { kind, teacher: None, claim: None, record: Some(record), detail };
    ruled(&house, Ruling { verdict, before: &policy, after: &policy }, mode, json).await
}

/// The rules with what people decided about courses.
pub(super) async fn in_force(house: &House) -> Result<Policy, Stop> {
    let desk = &house.desk;
    Ok(recount::with_decisions(&desk.db, &desk.policy).await?.unwrap_or_else(|| (*desk.policy).clone()))
}

/// Whom a decision concerns.
async fn concerned(tx: &mut Tx, verdict: &Verdict<'_>) -> Result<Vec<i64>, Stop> {
    if let Some(record) = verdict.record {
        let owner = facts::owners(tx, &[record]).await?.get(&record).copied();
        return owner.map(|teacher| vec![teacher]).ok_or_else(|| {
            Stop::usage(both!(
                "there is no record {record} of a known teacher; see `huiliu records list`",
                "没有属于已知教师的记录 {record}；请看 `huiliu records list`"
            ))
        });
    }
    let text = |name: &str| verdict.detail.get(name).and_then(|v| v.as_str()).unwrap_or_default();
    match verdict.kind {
        "course.equate" => Ok(courses::teachers(tx, text("connector"), text("code")).await?),
        _ => Ok(vec![]),
    }
}

/// Decides, or only says what would change.
pub async fn ruled(house: &House, ruling: Ruling<'_>, mode: Mode<'_>, json: bool) -> Result<(), Stop> {
    let desk = &house.desk;
    let mut tx = desk.db.begin().await?;
    let ids = concerned(&mut tx, &ruling.verdict).await?;
    let was = recount::known(&mut tx, &ids).await?;
    let by = actor();
    let by = By { actor: &by, because: mode.because };
    let number = decisions::decide(&mut tx, &desk.keys, &ruling.verdict, by).await?;
    let is = recount::known(&mut tx, &ids).await?;
    let changes = recount::between((ruling.before, &was), (ruling.after, &is));
    finish(house, tx, (number, &changes), mode, json).await
}

async fn undo(settings: Settings, decision: i64, mode: Mode<'_>, json: bool) -> Result<(), Stop> {
    let house = wire::open(settings, Make::Nothing).await?;
    let desk = &house.desk;
    let before = in_force(&house).await?;
    let mut tx = desk.db.begin().await?;
    let held = decisions::held(&mut tx, decision).await?;
    let Some(held) = held else {
        return Err(Stop::usage(both!(
            "there is no decision {decision} that holds; see `huiliu decisions list`",
            "没有仍然有效的决定 {decision}；请看 `huiliu decisions list`"
        )));
    };
    if held.kind.starts_with("identity.") {
        return identity::undo((&house, &before), tx, &held, mode, json).await;
    }
    let kind = held.kind.clone();
    let verdict =
        Verdict { kind: &kind, teacher: held.teacher, claim: held.claim, record: held.record, detail: held.detail };
    let ids = concerned(&mut tx, &verdict).await?;
    let was = recount::known(&mut tx, &ids).await?;
    let by = actor();
    decisions::reverse(&mut tx, &desk.keys, decision, By { actor: &by, because: mode.because }).await?;
    let is = recount::known(&mut tx, &ids).await?;
    let after = recount::overlaid(&mut tx, &desk.policy).await?;
    let changes = recount::between((&before, &was), (&after, &is));
    finish(&house, tx, (decision, &changes), mode, json).await
}

/// Tells what changes; where it is no plan, commits, marks whom it concerns and settles them.
pub(super) async fn finish(
    house: &House,
    mut tx: Tx,
    (number, changes): (i64, &[Change]),
    mode: Mode<'_>,
    json: bool,
) -> Result<(), Stop> {
    if mode.plan {
        drop(tx);
    } else {
        marks::add(&mut tx, changes.iter().map(|c| c.teacher)).await?;
        tx.commit().await?;
        house.settle().await?;
    }
    if json {
        let decision = (!mode.plan).then_some(number);
        say_json(&json!({ "decision": decision, "planned": mode.plan, "teachers": changes }));
    } else {
        changed(changes);
        if mode.plan {
            say(tr("\n  only a plan: nothing was changed", "\n  仅为计划：没有任何改动"));
        } else {
            say(&both!("\n  decision {number} is written", "\n  决定 {number} 已记录"));
        }
    }
    house.close().await;
    Ok(())
}
