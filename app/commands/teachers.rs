//! A teacher's ledger, explained: every hour counted or refused, by which rule, down to the bytes that say so.

use std::io::Read as _;

use chrono::NaiveDate;
use huiliu_engine::evidence;
use huiliu_engine::recount::{self, CycleTotals};
use huiliu_rules::ledger::standing::{self, Sum};
use huiliu_rules::policy::Policy;
use huiliu_store::admin::reports;
use huiliu_store::ledger::decisions::Decision;
use huiliu_store::ledger::trace::{self, CutRow, EntryRow};
use huiliu_store::roster::report::{self, MembershipRow};
use huiliu_values::IdNumber;

use super::inspect::hours;
use super::roster::holds;
use crate::cli::Teachers;
use crate::settings::Settings;
use crate::wire::{self, Books, Make};
use crate::words::{address, both, phrase, say, say_json, spoken, table, tr, word};
use crate::{Stop, gate};

pub async fn run(settings: Settings, asked: Teachers, json: bool) -> Result<(), Stop> {
    match asked {
        Teachers::Totals { on } => totals(settings, on.unwrap_or_else(huiliu_values::calendar::today), json).await,
        Teachers::Explain { teacher, raw, on } => {
            explain(settings, (&teacher, raw), on.unwrap_or_else(huiliu_values::calendar::today), json).await
        }
    }
}

async fn totals(settings: Settings, on: NaiveDate, json: bool) -> Result<(), Stop> {
    let policy = gate::policy(&settings)?;
    let books = Books::open(settings, Make::Nothing).await?;
    let policy = recount::with_decisions(&books.db, &policy).await?.unwrap_or(policy);
    let totals = recount::totals(&books.db, &policy, on).await?;
    books.close().await;
    if json {
        say_json(&totals);
        return Ok(());
    }
    let cells = |(cycle, t): (&String, &CycleTotals)| {
        let of = &t.by_basis;
        let numbers = [t.counted_units, t.provisional_units, of.stated, of.adopted, of.assumed].map(hours);
        let mut row = vec![cycle.clone(), t.teachers.to_string(), t.met.to_string()];
        row.extend(numbers);
        row
    };
    let heading = [
        tr("cycle", "周期"),
        tr("teachers", "教师"),
        tr("with enough", "已达到"),
        tr("counted", "认定"),
        tr("provisional", "暂认"),
        word("stated"),
        word("adopted"),
        word("assumed"),
    ];
    table(&heading, &totals.iter().map(cells).collect::<Vec<_>>());
    Ok(())
}

async fn explain(settings: Settings, (teacher, raw): (&str, bool), on: NaiveDate, json: bool) -> Result<(), Stop> {
    let policy = gate::policy(&settings)?;
    let books = Books::open(settings.clone(), Make::Nothing).await?;
    let id = who(&books, teacher).await?;
    let entries = trace::entries(&books.db, id).await?;
    let received = if raw { received(settings, &entries).await? } else { vec![] };
    let memberships = report::teacher(&books.db, &books.keys, id).await?.map(|t| t.memberships).unwrap_or_default();
    let regions: Vec<Option<&str>> = entries.iter().map(|e| bears(&policy, &memberships, e)).collect();
    let lines: Vec<standing::Line> = entries.iter().map(EntryRow::line).collect();
    let sums = standing::sums(&policy, &lines, on);
    let sum = |outcome: &str| entries.iter().filter(|e| e.outcome == outcome).map(|e| e.units).sum::<i64>();
    let (counted, provisional) = (sum("counted"), sum("provisional"));
    if json {
        say_json(&serde_json::json!({
            "teacher": id, "counted_units": counted, "provisional_units": provisional, "sums": sums, "entries": entries,
            "regions": regions, "raw": received
        }));
    } else {
        say(&format!(
            "{} {id}: {} {} + {} {}",
            tr("teacher", "教师"),
            hours(counted),
            tr("class hours", "学时"),
            hours(provisional),
            tr("provisional", "暂认")
        ));
        sums.iter().for_each(told);
        let mut received = received.iter();
        for (entry, region) in entries.iter().zip(&regions) {
            explained(entry);
            if let Some(region) = region {
                say(&format!("    {}{region}", tr("counts for region ", "计入区划：")));
            }
            if let Some(raw) = received.next() {
                let gone = tr("today's manifest does not find it any more", "当前清单已找不到此记录");
                say(&format!("    {}{}", tr("as received: ", "原文："), raw.as_deref().unwrap_or(gone)));
            }
        }
    }
    books.close().await;
    Ok(())
}

/// The region that an entry counts for: where the teacher was on the day that the pack names.
fn bears<'m>(policy: &Policy, memberships: &'m [MembershipRow], entry: &EntryRow) -> Option<&'m str> {
    let end: NaiveDate = entry.period_end.parse().ok()?;
    let pack = policy.pack(end)?;
    let day = match pack.chosen.get("moved_teacher") {
        Some(&"at_cycle_end") => pack.cycle(end)?.to,
        _ => end,
    };
    memberships.iter().rev().find(|m| holds(m, day))?.region.as_deref()
}

/// The raw record of each entry.
async fn received(settings: Settings, entries: &[EntryRow]) -> Result<Vec<Option<String>>, Stop> {
    let house = wire::open(settings, Make::Nothing).await?;
    let mut received = Vec::with_capacity(entries.len());
    for entry in entries {
        received.push(evidence::raw(&house.desk, entry.batch, &entry.address).await?);
    }
    house.close().await;
    Ok(received)
}

/// The teacher of a number, or of an ID number on standard input.
pub async fn who(books: &Books, teacher: &str) -> Result<i64, Stop> {
    let id = if teacher == "-" {
        let mut text = String::new();
        std::io::stdin().take(1024).read_to_string(&mut text).map_err(|e| {
            Stop::usage(both!(
                "cannot read an ID number from standard input: {e}",
                "无法从标准输入读取身份证号：{e}",
                e = spoken(&e)
            ))
        })?;
        let number = IdNumber::parse(&text)
            .map_err(|e| Stop::usage(both!("standard input: {e}", "标准输入：{e}", e = spoken(&e))))?;
        reports::teacher_by_id_number(&books.db, &books.keys, &number)
            .await?
            .ok_or_else(|| Stop::usage(tr("no teacher has this ID number", "没有教师使用此身份证号")))?
    } else {
        // What was typed is not repeated: it could be an ID number.
        let number = if teacher.len() < 15 { teacher.parse().ok() } else { None };
        number.ok_or_else(|| {
            Stop::usage(tr(
                "give a teacher's number, or `-` and the ID number on standard input",
                "请给出教师编号，或用 `-` 并从标准输入给出身份证号",
            ))
        })?
    };
    if !reports::is_teacher(&books.db, id).await? {
        return Err(Stop::usage(both!("there is no teacher {id}", "没有教师 {id}")));
    }
    Ok(id)
}

/// A cycle in one line: what counts, what is asked for, on what it rests.
fn told(sum: &Sum) {
    let cycle = if sum.cycle.is_empty() { tr("in no cycle", "不在任何周期") } else { &sum.cycle };
    let mut line = both!(
        "  {cycle}: {counted} counted, {provisional} provisional",
        "  {cycle}：认定 {counted}，暂认 {provisional}",
        counted = hours(sum.counted),
        provisional = hours(sum.provisional)
    );
    if let (Some(required), Some(met)) = (sum.required, sum.met) {
        let enough = if met { tr("met", "已达到") } else { tr("not met", "未达到") };
        let required = hours(required);
        line += &both!(" · {required} asked for, {enough}", " · 应修 {required}，{enough}");
    }
    if sum.residue != 0 {
        let sign = if sum.residue < 0 { "-" } else { "" };
        let (rounded, residue) = (hours(sum.rounded), hours(sum.residue.abs()));
        line +=
            &both!(" · exported as {rounded}, left over {sign}{residue}", " · 导出为 {rounded}，余 {sign}{residue}");
    }
    say(&line);
    let rests = [("stated", sum.by_basis.stated), ("adopted", sum.by_basis.adopted), ("assumed", sum.by_basis.assumed)];
    let parts: Vec<String> =
        rests.iter().filter(|(_, n)| *n > 0).map(|(basis, n)| format!("{} {}", word(basis), hours(*n))).collect();
    if !parts.is_empty() {
        say(&format!("    {}{}", tr("rests on rules that are ", "所依规则："), parts.join(" · ")));
    }
}

fn explained(e: &EntryRow) {
    let grade = e.grade.as_deref().map(|grade| format!("  [{}]", word(grade))).unwrap_or_default();
    say(&format!("\n  {}{grade}  {} {}  {}", outcome_words(&e.outcome), e.source, e.course, address(&e.address)));
    let title = e.course_title.as_deref().unwrap_or_default();
    let period = e.period_start.as_ref().map_or_else(|| e.period_end.clone(), |s| format!("{s} … {}", e.period_end));
    say(&format!("    {} {title} · {period} · {}", e.institution, e.name));
    say(&format!("    {}", phrase(&e.arithmetic)));
    for cut in &e.cuts {
        taken(tr("cut", "扣减"), cut);
    }
    if let Some(cut) = &e.carried {
        taken(tr("of it counts in the year after", "其中结转下一年度"), cut);
    }
    if !e.cuts.is_empty() {
        say(&format!("    = {} {}", hours(e.units), tr("class hours", "学时")));
    }
    say(&format!("    {}{} ({}): {}", tr("rule: ", "依据："), phrase(&e.rule), word(&e.basis), e.rule_source));
    let basis = word(&e.conversion_basis);
    say(&format!("    {}{basis}: {}", tr("conversion: ", "换算："), e.conversion_source));
    if let Some(other) = e.duplicate_of {
        say(&format!("    {}{other}", tr("the same course as record ", "与此记录为同一课程：")));
    }
    if let Some(other) = e.hours_of {
        say(&format!("    {}{other}", tr("its hours are those of record ", "学时取自记录：")));
    }
    if let Some(decision) = &e.decision {
        decided(decision);
    }
    say(&both!(
        "    record {record}, payload {payload}, batch {batch}, manifest version {manifest}, claim by {by}",
        "    记录 {record}，原始载荷 {payload}，批次 {batch}，清单版本 {manifest}，身份依据 {by}",
        record = e.record,
        payload = e.payload,
        batch = e.batch,
        manifest = e.manifest_version,
        by = word(&e.claim_decided_by)
    ));
}

fn taken(what: &str, cut: &CutRow) {
    let CutRow { units, rule } = cut;
    say(&format!("    {what} {}: {} ({}): {}", hours(*units), phrase(&rule.rule), word(&rule.basis), rule.source));
}

fn decided(d: &Decision) {
    let Decision { decision, actor, because, at, .. } = d;
    let day = at.get(..10).and_then(|day| day.parse::<NaiveDate>().ok()).map_or_else(|| at.clone(), |d| d.to_string());
    say(&both!(
        "    decision {decision} of {actor}, {day}: {because}",
        "    决定 {decision}（{actor}，{day}）：{because}"
    ));
}

pub fn outcome_words(outcome: &str) -> &'static str {
    match outcome {
        "counted" => tr("counted", "认定"),
        "provisional" => tr("provisional", "暂认"),
        "duplicate" => tr("duplicate, not counted", "重复，不计"),
        "not_passed" => tr("not passed, not counted", "未合格，不计"),
        "name_contradicts" => tr("name contradicts the ID number, not counted", "姓名与身份证号不符，不计"),
        "revoked" => tr("certificate revoked, not counted", "证书已撤销，不计"),
        "absent" => tr("absent too much, not counted", "缺勤过多，不计"),
        "capped" => tr("above a cap, nothing of it counts", "超出上限，不计"),
        _ => tr("not counted", "不计"),
    }
}
