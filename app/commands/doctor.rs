//! `doctor`: what was looked at, and how it stands.

use huiliu_engine::operations::doctor::{self, ConnectorFound, Detail, Finding, Part, SourceFinding};
use huiliu_engine::registry::Origin;

use crate::render::show;
use crate::settings::Reading;
use crate::words::{label, origin, say, schema_state, sentence, spoken, word};
use crate::{CliError, open};

pub async fn run(reading: Reading, json: bool) -> Result<(), CliError> {
    let (settings, read) = reading.parts();
    let findings = doctor::examine(&settings.engine, &open::program(), read).await?;
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
    let told = sentence!("cli-render-labelled", what = name(finding.what), text = detail(&finding.detail));
    say(&format!("{mark} {told}"));
}

fn name(part: Part) -> &'static str {
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
        Part::Orphans => label("cli-doctor-orphans"),
        Part::Queue => label("cli-doctor-queue"),
    }
}

fn detail(detail: &Detail) -> String {
    match detail {
        Detail::DataDir(dir) => dir.display().to_string(),
        Detail::Connectors { in_use, disabled, unusable } => connectors(in_use, disabled, unusable),
        Detail::Database(kind) => (*kind).to_owned(),
        Detail::Schema(state) => schema_state(*state),
        Detail::KeyFile(path) => sentence!("cli-doctor-back-up-lost-key-lost", path = path.display()),
        Detail::Readable { path, mode } => {
            sentence!("cli-doctor-others-can-read-mode-chmod", path = path.display(), mode)
        }
        Detail::Orphans(counts) if counts.is_empty() => label("cli-doctor-none").to_owned(),
        Detail::Orphans(counts) => counts
            .iter()
            .map(|of| format!("{} {}", of.count, word(&of.rows)))
            .collect::<Vec<_>>()
            .join(label("cli-render-comma")),
        Detail::Queue { place, waiting } => sentence!("cli-doctor-waiting", where = place, waiting),
        Detail::Sources(0) => label("cli-doctor-none").to_owned(),
        Detail::Sources(number) => number.to_string(),
        Detail::Setting(finding) => spoken(&finding.problem),
        Detail::Source(finding) => source(finding),
        Detail::NotExamined => label("cli-doctor-looked-settings-file-says-where").to_owned(),
        Detail::Failed(error) => spoken(error),
    }
}

/// The source, where it stands, and what is wrong with it.
fn source(SourceFinding { source, file, problem, .. }: &SourceFinding) -> String {
    let problem = spoken(problem);
    match file {
        Some(file) => sentence!("cli-doctor-in", source, file = file.display(), problem),
        None => sentence!("cli-doctor-registered-change-huiliu-sources-set", source, problem),
    }
}

fn connectors(in_use: &[ConnectorFound], disabled: &[String], unusable: &[String]) -> String {
    let told = |of: &ConnectorFound| match of.origin {
        Origin::BuiltIn => of.connector.clone(),
        other => {
            let text = format!("{} {}", of.connector, of.version);
            sentence!("cli-render-aside", text, aside = origin(other))
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
