//! `doctor`: shows what was examined, and its state.

use huiliu_engine::operations::doctor::{
    self, ConnectorFound, Detail, Finding, Part, SourceFinding, VerifiedByWorkers,
};
use huiliu_engine::registry::Origin;
use huiliu_store::admin::books::{BatchDifference, BookDifferences, BrokenRows};
use huiliu_store::intake::files::FilesToSee;
use huiliu_store::intake::unread::UnreadPayload;

use super::audit;
use super::runs::law_label;
use super::verify::{differences_text, verified_text};
use crate::render::{format_moment, format_number, show};
use crate::settings::SettingsReading;
use crate::words::{
    counting, error_text, label, localize_address, localize_word, message_text, origin_label, say, schema_state_text,
    sentence,
};
use crate::{CliError, open};

pub async fn run(reading: SettingsReading, json: bool) -> Result<(), CliError> {
    let (settings, read) = reading.into_parts();
    let findings = doctor::examine(&settings.engine, &open::build_program(), read).await?;
    show(json, &findings, |findings| findings.items.iter().for_each(show_finding));
    if findings.ok {
        Ok(())
    } else {
        Err(CliError::usage(label("cli-doctor-something-order-see-above")).with_code("doctor"))
    }
}

fn show_finding(finding: &Finding) {
    let mark = match (finding.ok, finding.warning) {
        (true, false) => "✓",
        (true, true) => "!",
        (false, _) => "✗",
    };
    let told = sentence!("cli-render-labelled", what = part_label(finding.what), text = detail_text(&finding.detail));
    say(&format!("{mark} {told}"));
}

fn part_label(part: Part) -> &'static str {
    match part {
        Part::Settings => label("cli-doctor-settings"),
        Part::Environment => label("cli-doctor-environment"),
        Part::Connectors => label("cli-doctor-connectors"),
        Part::Sources => label("cli-doctor-sources"),
        Part::Source => label("cli-doctor-source"),
        Part::Database => label("cli-doctor-database"),
        Part::Schema => label("cli-doctor-schema"),
        Part::Key => label("cli-doctor-key"),
        Part::KeyFile => label("cli-doctor-key-file"),
        Part::Rules => label("cli-doctor-rules"),
        Part::Orphans => label("cli-doctor-orphans"),
        Part::Books => label("cli-doctor-books"),
        Part::DeadLetters => label("cli-doctor-dead-letters"),
        Part::Entries => label("cli-doctor-entries"),
        Part::AuditLog => label("cli-doctor-audit-log"),
        Part::Ledger => label("cli-doctor-ledger"),
        Part::Verified => label("cli-doctor-verified"),
        Part::Missing => label("cli-doctor-missing"),
        Part::Payloads => label("cli-doctor-payloads"),
        Part::Files => label("cli-doctor-files"),
        Part::Queue => label("cli-doctor-queue"),
    }
}

fn detail_text(detail: &Detail) -> String {
    match detail {
        Detail::DataDir(dir) => dir.display().to_string(),
        Detail::Connectors { in_use, disabled, unusable } => connectors_text(in_use, disabled, unusable),
        Detail::Database(kind) => (*kind).to_owned(),
        Detail::Schema(state) => schema_state_text(*state),
        Detail::KeyFile(path) => sentence!("cli-doctor-back-up-lost-key-lost", path = path.display()),
        Detail::Readable { path, mode } => {
            sentence!("cli-doctor-others-can-read-mode-chmod", path = path.display(), mode)
        }
        Detail::Rules { in_force, differing, .. } => rules_text(in_force, differing),
        Detail::Orphans(counts) if counts.is_empty() => label("cli-doctor-none").to_owned(),
        Detail::Orphans(counts) => counts
            .iter()
            .map(|of| format!("{} {}", of.count, localize_word(of.rows)))
            .collect::<Vec<_>>()
            .join(label("cli-render-comma")),
        Detail::Books(found) => books_text(found),
        Detail::DeadLetters(found) if found.count == 0 => label("cli-doctor-dead-letters-true").to_owned(),
        Detail::DeadLetters(found) => {
            sentence!("cli-doctor-dead-letters-untrue", count = found.count, ids = ids_text(found))
        }
        Detail::Entries(found) if found.count == 0 => label("cli-doctor-entries-single").to_owned(),
        Detail::Entries(found) => sentence!("cli-doctor-entries-double", count = found.count, ids = ids_text(found)),
        Detail::AuditLog(check) => match audit::fault_text(check) {
            None => audit::check_text(check),
            Some(why) => sentence!("cli-doctor-audit-log-broken", why),
        },
        Detail::Ledger(found) if found.differing == 0 => verified_text(found),
        Detail::Ledger(found) => {
            let (told, first) = (verified_text(found), differences_text(&found.differences));
            sentence!("cli-doctor-ledger-differs", told, first)
        }
        Detail::Verified(found) => workers_text(found),
        Detail::Missing { records: 0 } => label("cli-doctor-none").to_owned(),
        Detail::Missing { records } => counting!("cli-doctor-missing-open", n = *records),
        Detail::Payloads { open: 0, .. } => label("cli-doctor-none").to_owned(),
        Detail::Payloads { open, first } => payloads_text(*open, first),
        Detail::Files(found) => files_text(found),
        Detail::Queue { place, waiting } => sentence!("cli-doctor-waiting", where = place, waiting),
        Detail::Sources(0) => label("cli-doctor-none").to_owned(),
        Detail::Sources(number) => number.to_string(),
        Detail::Setting(finding) => error_text(&finding.problem),
        Detail::Source(finding) => source_text(finding),
        Detail::NotExamined => label("cli-doctor-looked-settings-file-says-where").to_owned(),
        Detail::Failed(error) => error_text(error),
    }
}

fn payloads_text(open: i64, first: &[UnreadPayload]) -> String {
    let told = |of: &UnreadPayload| {
        let (payload, source, name) = (of.payload, &of.source, localize_address(&of.address));
        let reason = of.reason.as_ref().map(message_text).unwrap_or_default();
        sentence!("cli-doctor-payload", payload, source, name, reason)
    };
    let first = first.iter().map(told).collect::<Vec<_>>().join(label("cli-runs-text"));
    let count = format_number(open);
    sentence!("cli-doctor-payloads-open", count, first)
}

fn files_text(found: &FilesToSee) -> String {
    let join = |names: &[String]| names.join(label("cli-render-comma"));
    let FilesToSee { waiting, waiting_first, foreign, foreign_first } = found;
    let mut told = Vec::new();
    if *waiting > 0 {
        told.push(sentence!("cli-doctor-files-waiting", count = format_number(*waiting), names = join(waiting_first)));
    }
    if *foreign > 0 {
        told.push(sentence!("cli-doctor-files-foreign", count = format_number(*foreign), names = join(foreign_first)));
    }
    if told.is_empty() { label("cli-doctor-files-read").to_owned() } else { told.join(label("cli-runs-text")) }
}

fn ids_text(rows: &BrokenRows) -> String {
    rows.first.iter().map(ToString::to_string).collect::<Vec<_>>().join(label("cli-render-comma"))
}

fn books_text(found: &BookDifferences) -> String {
    if found.differing_batches == 0 {
        return label("cli-doctor-books-agree").to_owned();
    }
    let told = |of: &BatchDifference| {
        let BatchDifference { run, batch, expected, found, law, .. } = of;
        sentence!("cli-doctor-batch-differs", run, batch, law = law_label(*law), expected, found)
    };
    let first = found.differences.iter().map(told).collect::<Vec<_>>().join(label("cli-runs-text"));
    sentence!("cli-doctor-books-differ", count = found.differing_batches, first)
}

fn workers_text(found: &VerifiedByWorkers) -> String {
    let round = match (&found.round_ended_at, found.days) {
        (Some(at), _) => sentence!("cli-doctor-round-ended", at = format_moment(at)),
        (None, 0) => label("cli-doctor-verify-off").to_owned(),
        (None, _) => label("cli-doctor-no-round").to_owned(),
    };
    if found.differing == 0 {
        return round;
    }
    let first = differences_text(&found.differences);
    sentence!("cli-doctor-workers-found", round, count = found.differing, first)
}

fn rules_text(in_force: &[String], differing: &[String]) -> String {
    let comma = label("cli-render-comma");
    let told = if in_force.is_empty() { label("cli-doctor-rules-none-yet").to_owned() } else { in_force.join(comma) };
    if differing.is_empty() {
        return told;
    }
    sentence!("cli-doctor-rules-differ", told, names = differing.join(comma))
}

/// Describes a source: its name, where it is defined, and its problem.
fn source_text(SourceFinding { source, file, problem, .. }: &SourceFinding) -> String {
    let problem = error_text(problem);
    match file {
        Some(file) => sentence!("cli-doctor-in", source, file = file.display(), problem),
        None => sentence!("cli-doctor-registered-change-huiliu-sources-set", source, problem),
    }
}

fn connectors_text(in_use: &[ConnectorFound], disabled: &[String], unusable: &[String]) -> String {
    let told = |of: &ConnectorFound| match of.origin {
        Origin::BuiltIn => of.connector.clone(),
        other => {
            let text = format!("{} {}", of.connector, of.version);
            sentence!("cli-render-aside", text, aside = origin_label(other))
        }
    };
    let mut all: Vec<String> = in_use.iter().map(told).collect();
    all.extend(disabled.iter().map(|id| format!("{id} {}", label("cli-doctor-disabled"))));
    all.extend(unusable.iter().map(|of| match of.split_once(": ") {
        Some((which, why)) => sentence!("cli-doctor-cannot-used", which, why),
        None => of.clone(),
    }));
    all.join(label("cli-render-comma"))
}
