//! `teachers`: totals of all teachers, and the ledger of one, explained: every hour counted or refused, the rule, and
//! the raw record behind it.

use std::io::Read as _;

use chrono::NaiveDate;
use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::teachers::{self, TeacherExplained, TeacherSelector};
use huiliu_engine::recount::CycleTotals;
use huiliu_rules::ledger::standing::Sum;
use huiliu_rules::policy::Arithmetic;
use huiliu_store::ledger::decisions::Decision;
use huiliu_store::ledger::status::StatusCause;
use huiliu_store::ledger::trace::{CutRow, EntryRow};
use huiliu_values::calendar::today_in_shanghai;
use huiliu_values::{Basis, EntryOutcome, ExactHours, Hours, IdNumber};

use super::missing;
use crate::cli::Teachers;
use crate::render::{format_exact_hours, format_hours, format_unsigned, show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{
    error_text, label, localize_address, localize_decider, localize_word, localize_wording, rule_name, say, sentence,
    system_error_text,
};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Teachers, json: bool) -> Result<(), CliError> {
    match asked {
        Teachers::Totals { on } => list_totals(&settings, on.unwrap_or_else(today_in_shanghai), json).await,
        Teachers::Explain { teacher, raw, on } => {
            let which = parse_teacher(&teacher)?;
            let explained = explain_ledger(&settings, &which, raw, on.unwrap_or_else(today_in_shanghai)).await?;
            show(json, &explained, show_explained);
            Ok(())
        }
    }
}

async fn list_totals(settings: &Settings, on: NaiveDate, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let page = teachers::totals(&settings.engine, &opened, on).await?;
    opened.close().await;
    show_page(json, &page, show_totals);
    Ok(())
}

fn show_totals(totals: &[CycleTotals]) {
    let cells = |t: &CycleTotals| {
        let of = &t.by_basis;
        let mut row = vec![t.cycle.clone(), format_unsigned(t.teachers), format_unsigned(t.met)];
        row.extend([t.counted, t.provisional, of.stated, of.adopted, of.assumed].map(format_hours));
        row
    };
    let heading = [
        label("cli-teachers-cycle"),
        label("cli-teachers-teachers"),
        label("cli-teachers-enough"),
        label("cli-teachers-counted"),
        label("cli-teachers-provisional"),
        localize_word("stated"),
        localize_word("adopted"),
        localize_word("assumed"),
    ];
    print_table(&heading, &totals.iter().map(cells).collect::<Vec<_>>());
}

/// Explains a teacher's ledger. With `raw`, starts the whole runtime, because only it has the current manifests, with
/// which raw records are read.
async fn explain_ledger(
    settings: &Settings,
    which: &TeacherSelector,
    raw: bool,
    on: NaiveDate,
) -> Result<TeacherExplained, CliError> {
    if raw {
        let runtime = open::start_runtime(settings, MayCreate::Nothing).await?;
        let explained = teachers::explain_with_raw(&runtime, which, on).await?;
        runtime.close().await;
        return Ok(explained);
    }
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let explained = teachers::explain(&settings.engine, &opened, which, on).await?;
    opened.close().await;
    Ok(explained)
}

/// Parses a teacher's number; `-` reads an ID number from standard input.
pub(super) fn parse_teacher(teacher: &str) -> Result<TeacherSelector, CliError> {
    if teacher == "-" {
        return Ok(TeacherSelector::IdNumber(read_id_number()?));
    }
    // The error does not repeat the argument, which could be an ID number.
    let number = if teacher.len() < 15 { teacher.parse().ok() } else { None };
    number
        .map(TeacherSelector::Number)
        .ok_or_else(|| CliError::usage(label("cli-teachers-give-teacher-number-id-number")))
}

fn read_id_number() -> Result<IdNumber, CliError> {
    let mut text = String::new();
    std::io::stdin().take(1024).read_to_string(&mut text).map_err(|e| {
        CliError::usage(sentence!("cli-teachers-cannot-read-id-number-from", e = system_error_text(&e)))
    })?;
    IdNumber::parse(&text).map_err(|e| CliError::usage(sentence!("cli-teachers-standard-input", e = error_text(&e))))
}

fn show_explained(explained: &TeacherExplained) {
    let TeacherExplained { teacher, counted, provisional, sums, entries, regions, raw } = explained;
    let (counted, provisional) = (format_exact_hours(*counted), format_exact_hours(*provisional));
    say(&sentence!("cli-teachers-explained", teacher, counted, provisional));
    sums.iter().for_each(show_sum);
    let mut received = raw.iter();
    for (entry, region) in entries.iter().zip(regions) {
        show_entry(entry);
        if let Some(region) = region {
            say(&format!("    {}{region}", label("cli-teachers-counts-region")));
        }
        if let Some(raw) = received.next() {
            let gone = label("cli-teachers-today-manifest-does-find-any");
            say(&format!("    {}{}", label("cli-teachers-received"), raw.as_deref().unwrap_or(gone)));
        }
    }
}

/// Shows a cycle: the hours that count, the required hours, and the bases they rest on.
fn show_sum(sum: &Sum) {
    let cycle = if sum.cycle.is_empty() { label("cli-teachers-cycle-2") } else { &sum.cycle };
    let mut line = sentence!(
        "cli-teachers-counted-provisional",
        cycle,
        counted = format_exact_hours(sum.counted),
        provisional = format_exact_hours(sum.provisional)
    );
    if let (Some(required), Some(met)) = (sum.required, sum.met) {
        let enough = if met { label("cli-teachers-met") } else { label("cli-teachers-met-2") };
        let required = format_exact_hours(required);
        line += &sentence!("cli-teachers-asked", required, enough);
    }
    let ExactHours(left_over) = sum.residue;
    if left_over != 0 {
        let sign = if left_over < 0 { "-" } else { "" };
        let (rounded, residue) = (format_exact_hours(sum.rounded), format_exact_hours(ExactHours(left_over.abs())));
        line += &sentence!("cli-teachers-exported-left-over", rounded, sign, residue);
    }
    say(&line);
    let of = &sum.by_basis;
    let rests = [(Basis::Stated, of.stated), (Basis::Adopted, of.adopted), (Basis::Assumed, of.assumed)];
    let some = rests.iter().filter(|(_, rest)| *rest > ExactHours(0));
    let parts: Vec<String> =
        some.map(|(basis, rest)| format!("{} {}", localize_word(basis.as_str()), format_exact_hours(*rest))).collect();
    if !parts.is_empty() {
        say(&format!("    {}{}", label("cli-teachers-rests-rules"), parts.join(" · ")));
    }
}

fn show_entry(e: &EntryRow) {
    let grade = e.grade.as_deref().map(|grade| format!("  [{}]", localize_word(grade))).unwrap_or_default();
    say("");
    say(&format!(
        "  {}{grade}  {} {}  {}",
        if is_withdrawn_as_missing(e) { label("cli-teachers-missing-withdrawn") } else { outcome_words(e.outcome) },
        e.source,
        e.course,
        localize_address(&e.address)
    ));
    let title = e.course_title.as_deref().unwrap_or_default();
    let period = e.period_start.as_ref().map_or_else(|| e.period_end.clone(), |s| format!("{s} … {}", e.period_end));
    say(&format!("    {} {title} · {period} · {}", e.institution, e.name));
    say(&format!("    {}", arithmetic_words(&e.arithmetic)));
    for cut in &e.cuts {
        show_cut(label("cli-teachers-cut"), cut);
    }
    if let Some(cut) = &e.carried {
        show_cut(label("cli-teachers-counts-year-after"), cut);
    }
    if !e.cuts.is_empty() {
        say(&format!("    = {} {}", format_exact_hours(e.hours), label("cli-teachers-class-hours")));
    }
    let (rule, source) = (rule_name(&e.rule), localize_wording(&e.rule_source));
    say(&sentence!("cli-teachers-rule", rule, basis = localize_word(e.basis.as_str()), source));
    let (basis, source) = (localize_word(e.conversion_basis.as_str()), localize_wording(&e.conversion_source));
    say(&sentence!("cli-teachers-conversion", basis, source));
    if let Some(other) = e.duplicate_of {
        if e.canonical_course.is_some() {
            say(&format!("    {}{other}", label("cli-teachers-same-course-record")));
        } else {
            say(&sentence!("cli-teachers-sent-again", record = other));
        }
    }
    if let Some(other) = e.hours_of {
        say(&format!("    {}{other}", label("cli-teachers-hours-those-record")));
    }
    if e.flagged {
        let places: Vec<_> = e.other_contents.iter().map(|address| localize_address(address)).collect();
        let places =
            if places.is_empty() { label("cli-teachers-place-not-kept").to_owned() } else { places.join("; ") };
        say(&format!("    {}", sentence!("cli-teachers-flagged", places)));
    }
    if let Some(note) = &e.missing {
        let (whole, state) = (missing::whole_text(note), missing::state_text(note));
        say(&format!("    {}", sentence!("cli-teachers-missing", whole, state)));
    }
    if let Some(cause) = &e.status {
        say(&format!("    {}", status_text(cause)));
    }
    if let Some(decision) = &e.decision {
        show_decision(decision);
    }
    say(&sentence!(
        "cli-teachers-record-payload-batch-manifest-version",
        record = e.record,
        payload = e.payload,
        batch = e.batch,
        manifest = e.manifest_version,
        by = localize_decider(&e.claim_decided_by)
    ));
}

/// Says why a record is withdrawn or disputed.
fn status_text(cause: &StatusCause) -> String {
    match cause {
        StatusCause::Withdrawn { address, because } => {
            sentence!("cli-teachers-withdrawn-by", address = localize_address(address), because)
        }
        StatusCause::Skipped { address, because } => {
            sentence!("cli-teachers-disputed-by-row", address = localize_address(address), because)
        }
        StatusCause::Parked { dead_letter, address } => {
            sentence!("cli-teachers-disputed-by-letter", letter = dead_letter, address = localize_address(address))
        }
    }
}

/// Whether a record does not count because it is missing, not because its source took it back.
fn is_withdrawn_as_missing(e: &EntryRow) -> bool {
    let taken_back = matches!(e.status, Some(StatusCause::Withdrawn { .. }));
    e.outcome == EntryOutcome::Withdrawn && e.missing.is_some() && !taken_back
}

fn arithmetic_words(of: &Arithmetic) -> String {
    let (Some(unit), Some(units), Some(hours)) = (&of.unit, of.units_per_one, &of.class_hours) else {
        return of.amount.clone();
    };
    let (amount, unit, whole) = (&of.amount, localize_word(unit), Hours::UNITS_PER_CLASS_HOUR);
    sentence!("cli-teachers-arithmetic", amount, unit, units, whole, hours)
}

fn show_cut(what: &str, cut: &CutRow) {
    let rule = &cut.rule;
    let (hours, basis) = (format_exact_hours(cut.hours), localize_word(rule.basis.as_str()));
    let (rule, source) = (rule_name(&rule.rule), localize_wording(&rule.source));
    say(&sentence!("cli-teachers-cut-by", what, hours, rule, basis, source));
}

fn show_decision(d: &Decision) {
    let Decision { decision, actor, because, at, .. } = d;
    let day = at.get(..10).and_then(|day| day.parse::<NaiveDate>().ok()).map_or_else(|| at.clone(), |d| d.to_string());
    say(&sentence!("cli-teachers-decision", decision, actor, day, because));
}

fn outcome_words(outcome: EntryOutcome) -> &'static str {
    match outcome {
        EntryOutcome::Counted => label("cli-teachers-counted"),
        EntryOutcome::Provisional => label("cli-teachers-provisional"),
        EntryOutcome::Duplicate => label("cli-teachers-duplicate-counted"),
        EntryOutcome::NotPassed => label("cli-teachers-passed-counted"),
        EntryOutcome::NameContradicts => label("cli-teachers-name-contradicts-id-number-counted"),
        EntryOutcome::Revoked => label("cli-teachers-certificate-revoked-counted"),
        EntryOutcome::Withdrawn => label("cli-teachers-withdrawn"),
        EntryOutcome::Disputed => label("cli-teachers-disputed"),
        EntryOutcome::Absent => label("cli-teachers-absent-too-much-counted"),
        EntryOutcome::Capped => label("cli-teachers-above-cap-nothing-counts"),
        EntryOutcome::NotCounted => label("cli-teachers-counted-2"),
    }
}
