//! `teachers`: a teacher's ledger, explained: every hour counted or refused, by which rule, down to the bytes that say so.

use std::io::Read as _;

use chrono::NaiveDate;
use huiliu_engine::database::Make;
use huiliu_engine::operations::teachers::{self, TeacherExplained, WhichTeacher};
use huiliu_engine::recount::CycleTotals;
use huiliu_rules::ledger::standing::Sum;
use huiliu_store::ledger::decisions::Decision;
use huiliu_store::ledger::trace::{CutRow, EntryRow};
use huiliu_values::calendar::today;
use huiliu_values::{Basis, EntryOutcome, ExactHours, IdNumber};

use crate::cli::Teachers;
use crate::render::{exact_hours, hours, show, show_page};
use crate::settings::Settings;
use crate::table::table;
use crate::words::{address, both, phrase, say, spoken, tr, word};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Teachers, json: bool) -> Result<(), CliError> {
    match asked {
        Teachers::Totals { on } => totals(&settings, on.unwrap_or_else(today), json).await,
        Teachers::Explain { teacher, raw, on } => {
            let which = which(&teacher)?;
            let explained = explain(&settings, &which, raw, on.unwrap_or_else(today)).await?;
            show(json, &explained, show_explained);
            Ok(())
        }
    }
}

async fn totals(settings: &Settings, on: NaiveDate, json: bool) -> Result<(), CliError> {
    let opened = open::database(settings, Make::Nothing).await?;
    let page = teachers::totals(&settings.engine, &opened, on).await?;
    opened.close().await;
    show_page(json, &page, show_totals);
    Ok(())
}

fn show_totals(totals: &[CycleTotals]) {
    let cells = |t: &CycleTotals| {
        let of = &t.by_basis;
        let mut row = vec![t.cycle.clone(), t.teachers.to_string(), t.met.to_string()];
        row.extend([t.counted, t.provisional, of.stated, of.adopted, of.assumed].map(hours));
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
}

/// Raw records are read by today's manifests, which only the whole runtime has.
async fn explain(
    settings: &Settings,
    which: &WhichTeacher,
    raw: bool,
    on: NaiveDate,
) -> Result<TeacherExplained, CliError> {
    if raw {
        let runtime = open::runtime(settings, Make::Nothing).await?;
        let explained = teachers::explain_with_raw(&runtime, which, on).await?;
        runtime.close().await;
        return Ok(explained);
    }
    let opened = open::database(settings, Make::Nothing).await?;
    let explained = teachers::explain(&settings.engine, &opened, which, on).await?;
    opened.close().await;
    Ok(explained)
}

/// The teacher of a number, or of an ID number on standard input.
pub(super) fn which(teacher: &str) -> Result<WhichTeacher, CliError> {
    if teacher == "-" {
        return Ok(WhichTeacher::IdNumber(id_number()?));
    }
    // What was typed is not repeated: it could be an ID number.
    let number = if teacher.len() < 15 { teacher.parse().ok() } else { None };
    number.map(WhichTeacher::Number).ok_or_else(|| {
        CliError::usage(tr(
            "give a teacher's number, or `-` and the ID number on standard input",
            "请给出教师编号，或用 `-` 并从标准输入给出身份证号",
        ))
    })
}

fn id_number() -> Result<IdNumber, CliError> {
    let mut text = String::new();
    std::io::stdin().take(1024).read_to_string(&mut text).map_err(|e| {
        CliError::usage(both!(
            "cannot read an ID number from standard input: {e}",
            "无法从标准输入读取身份证号：{e}",
            e = spoken(&e)
        ))
    })?;
    IdNumber::parse(&text).map_err(|e| CliError::usage(both!("standard input: {e}", "标准输入：{e}", e = spoken(&e))))
}

fn show_explained(explained: &TeacherExplained) {
    let TeacherExplained { teacher, counted, provisional, sums, entries, regions, raw } = explained;
    say(&format!(
        "{} {teacher}: {} {} + {} {}",
        tr("teacher", "教师"),
        exact_hours(*counted),
        tr("class hours", "学时"),
        exact_hours(*provisional),
        tr("provisional", "暂认")
    ));
    sums.iter().for_each(show_sum);
    let mut received = raw.iter();
    for (entry, region) in entries.iter().zip(regions) {
        show_entry(entry);
        if let Some(region) = region {
            say(&format!("    {}{region}", tr("counts for region ", "计入区划：")));
        }
        if let Some(raw) = received.next() {
            let gone = tr("today's manifest does not find it any more", "当前清单已找不到此记录");
            say(&format!("    {}{}", tr("as received: ", "原文："), raw.as_deref().unwrap_or(gone)));
        }
    }
}

/// A cycle in one line: what counts, what is asked for, on what it rests.
fn show_sum(sum: &Sum) {
    let cycle = if sum.cycle.is_empty() { tr("in no cycle", "不在任何周期") } else { &sum.cycle };
    let mut line = both!(
        "  {cycle}: {counted} counted, {provisional} provisional",
        "  {cycle}：认定 {counted}，暂认 {provisional}",
        counted = exact_hours(sum.counted),
        provisional = exact_hours(sum.provisional)
    );
    if let (Some(required), Some(met)) = (sum.required, sum.met) {
        let enough = if met { tr("met", "已达到") } else { tr("not met", "未达到") };
        let required = exact_hours(required);
        line += &both!(" · {required} asked for, {enough}", " · 应修 {required}，{enough}");
    }
    let ExactHours(left_over) = sum.residue;
    if left_over != 0 {
        let sign = if left_over < 0 { "-" } else { "" };
        let (rounded, residue) = (exact_hours(sum.rounded), exact_hours(ExactHours(left_over.abs())));
        line +=
            &both!(" · exported as {rounded}, left over {sign}{residue}", " · 导出为 {rounded}，余 {sign}{residue}");
    }
    say(&line);
    let of = &sum.by_basis;
    let rests = [(Basis::Stated, of.stated), (Basis::Adopted, of.adopted), (Basis::Assumed, of.assumed)];
    let some = rests.iter().filter(|(_, rest)| *rest > ExactHours(0));
    let parts: Vec<String> =
        some.map(|(basis, rest)| format!("{} {}", word(basis.as_str()), exact_hours(*rest))).collect();
    if !parts.is_empty() {
        say(&format!("    {}{}", tr("rests on rules that are ", "所依规则："), parts.join(" · ")));
    }
}

fn show_entry(e: &EntryRow) {
    let grade = e.grade.as_deref().map(|grade| format!("  [{}]", word(grade))).unwrap_or_default();
    say(&format!("\n  {}{grade}  {} {}  {}", outcome_words(e.outcome), e.source, e.course, address(&e.address)));
    let title = e.course_title.as_deref().unwrap_or_default();
    let period = e.period_start.as_ref().map_or_else(|| e.period_end.clone(), |s| format!("{s} … {}", e.period_end));
    say(&format!("    {} {title} · {period} · {}", e.institution, e.name));
    say(&format!("    {}", phrase(&e.arithmetic)));
    for cut in &e.cuts {
        show_cut(tr("cut", "扣减"), cut);
    }
    if let Some(cut) = &e.carried {
        show_cut(tr("of it counts in the year after", "其中结转下一年度"), cut);
    }
    if !e.cuts.is_empty() {
        say(&format!("    = {} {}", exact_hours(e.hours), tr("class hours", "学时")));
    }
    say(&format!("    {}{} ({}): {}", tr("rule: ", "依据："), phrase(&e.rule), word(e.basis.as_str()), e.rule_source));
    let basis = word(e.conversion_basis.as_str());
    say(&format!("    {}{basis}: {}", tr("conversion: ", "换算："), e.conversion_source));
    if let Some(other) = e.duplicate_of {
        say(&format!("    {}{other}", tr("the same course as record ", "与此记录为同一课程：")));
    }
    if let Some(other) = e.hours_of {
        say(&format!("    {}{other}", tr("its hours are those of record ", "学时取自记录：")));
    }
    if let Some(decision) = &e.decision {
        show_decision(decision);
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

fn show_cut(what: &str, cut: &CutRow) {
    let rule = &cut.rule;
    say(&format!(
        "    {what} {}: {} ({}): {}",
        exact_hours(cut.hours),
        phrase(&rule.rule),
        word(rule.basis.as_str()),
        rule.source
    ));
}

fn show_decision(d: &Decision) {
    let Decision { decision, actor, because, at, .. } = d;
    let day = at.get(..10).and_then(|day| day.parse::<NaiveDate>().ok()).map_or_else(|| at.clone(), |d| d.to_string());
    say(&both!(
        "    decision {decision} of {actor}, {day}: {because}",
        "    决定 {decision}（{actor}，{day}）：{because}"
    ));
}

fn outcome_words(outcome: EntryOutcome) -> &'static str {
    match outcome {
        EntryOutcome::Counted => tr("counted", "认定"),
        EntryOutcome::Provisional => tr("provisional", "暂认"),
        EntryOutcome::Duplicate => tr("duplicate, not counted", "重复，不计"),
        EntryOutcome::NotPassed => tr("not passed, not counted", "未合格，不计"),
        EntryOutcome::NameContradicts => tr("name contradicts the ID number, not counted", "姓名与身份证号不符，不计"),
        EntryOutcome::Revoked => tr("certificate revoked, not counted", "证书已撤销，不计"),
        EntryOutcome::Absent => tr("absent too much, not counted", "缺勤过多，不计"),
        EntryOutcome::Capped => tr("above a cap, nothing of it counts", "超出上限，不计"),
        EntryOutcome::NotCounted => tr("not counted", "不计"),
    }
}
