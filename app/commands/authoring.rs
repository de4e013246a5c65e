//! `connectors check PATH`, `test`, `preview`, `new`: the way from a description of a platform to a connector that can
//! be registered.

use std::path::{Path, PathBuf};

use huiliu_authoring::gate::trial::Checked;
use huiliu_decode::preview::{Mapped, Preview};
use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::authoring::{self, AcceptedResults, ExpectedResults, ManifestCheck, TemplateFile};
use huiliu_engine::operations::preview::{self, PageOf, PagePreview, PreviewRequest};
use huiliu_engine::runtime::Runtime;

use super::layouts;
use crate::cli::Template;
use crate::render::{format_count, format_unsigned, show};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{counting, field_text, label, localize_address, message_text, note, say, sentence};
use crate::{CliError, open};
use huiliu_values::PreviewOutcome;

/// Checks a manifest without samples: is it complete, and do the rules convert its hours?
pub fn check_manifest(settings: &Settings, path: &Path, json: bool) -> Result<(), CliError> {
    let checked = authoring::check(&settings.engine, path)?;
    note_open_questions(&checked.open_questions);
    show(json, &checked, |ManifestCheck { connector, .. }| {
        say(&sentence!("cli-authoring-manifest-whole", connector));
    });
    Ok(())
}

/// Compares samples with their expected results, then every variant of them.
pub async fn test_connector(
    settings: &Settings,
    path: &Path,
    results: ExpectedResults,
    json: bool,
) -> Result<(), CliError> {
    let tested = authoring::test(&settings.engine, &open::build_program(), path, results).await?;
    for AcceptedResults { file, records, parked } in &tested.accepted {
        note(&sentence!("cli-authoring-wrote-records-dead-letters-read", file = file.display(), parked, records));
    }
    note_open_questions(&tested.open_questions);
    show(json, &tested, |tested| show_checked(&tested.samples));
    if tested.ok {
        return Ok(());
    }
    let words = label("cli-authoring-sample-variant-one-does-give");
    Err(CliError::failed(words).with_code("connector.samples"))
}

/// Notes the lines of a manifest with questions that `infer` left to a person. Repeated until they are answered.
pub(super) fn note_open_questions(lines: &[usize]) {
    if !lines.is_empty() {
        let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
        note(&sentence!("cli-authoring-manifest-toml-questions-open-lines", lines = lines.join(", ")));
    }
}

/// Shows the result of each sample and variant.
pub(super) fn show_checked(rows: &[Checked]) {
    for row in rows {
        let mark = if row.ok { "✓" } else { "✗" };
        let records = counting!("cli-authoring-records", n = row.records);
        let variant = row.variant.as_ref().map_or_else(String::new, |name| format!(" · {}", message_text(name)));
        say(&format!("{mark} {}/{}  {}{variant}  {records}", row.connector, row.stream, row.sample));
        row.differences.iter().for_each(|difference| say(&format!("    {}", message_text(difference))));
    }
}

/// How many records a preview shows by default.
const DEFAULT_RECORDS: u32 = 10;

/// Arguments of `connectors preview`.
#[derive(Debug)]
pub struct PreviewArgs {
    pub path: PathBuf,
    pub stream: Option<String>,
    pub sample: Option<PathBuf>,
    pub source: Option<String>,
    pub all: bool,
    pub limit: Option<u32>,
}

/// Shows raw record, mapped record and problems, side by side, for a sample or for the platform's first page.
pub async fn preview_connector(settings: &Settings, look: &PreviewArgs, json: bool) -> Result<(), CliError> {
    let runtime = runtime_for(settings, look.source.as_deref()).await?;
    let request = PreviewRequest {
        path: &look.path,
        stream: look.stream.as_deref(),
        page: choose_page(runtime.as_ref(), look.source.as_deref(), look.sample.as_deref()),
        limit: if look.all { u32::MAX } else { look.limit.unwrap_or(DEFAULT_RECORDS) },
    };
    let previewed = preview::preview(&settings.engine, &open::build_program(), request).await?;
    if let Some(runtime) = &runtime {
        runtime.close().await;
    }
    show(json, &previewed, show_preview);
    Ok(())
}

/// Shows the page, its first records, and the outcomes of all its records.
fn show_preview(PagePreview { address: page, bytes, layout, records, summary, .. }: &PagePreview) {
    say(&sentence!("cli-authoring-bytes", address = localize_address(page), bytes = format_count(*bytes)));
    records.iter().for_each(show_record);
    let of = [
        (summary.clean, label("cli-authoring-clean")),
        (summary.parked, label("cli-authoring-parked")),
        (summary.skipped, label("cli-authoring-skipped")),
        (summary.withdrawn, label("cli-authoring-withdrawn")),
    ];
    let said = |(n, outcome): &(u64, &str)| sentence!("cli-render-of-outcome", n = format_unsigned(*n), outcome);
    let outcomes: Vec<String> = of.iter().filter(|(n, _)| *n > 0).map(said).collect();
    let total = of.iter().map(|(n, _)| n).sum::<u64>();
    say(&counting!("cli-authoring-summary", n = total, outcomes = outcomes.join(label("cli-render-comma"))));
    for (code, n) in &summary.reasons {
        say(&format!("    {code}  {}", format_unsigned(*n)));
    }
    if (records.len() as u64) < total {
        say(&format!(
            "  {}",
            sentence!("cli-plans-more", shown = format_count(records.len()), total = format_unsigned(total))
        ));
    }
    layouts::show_tables_of("", &layout.tables);
}

/// Starts the runtime if a source is to be read.
pub(super) async fn runtime_for(settings: &Settings, source: Option<&str>) -> Result<Option<Runtime>, CliError> {
    match source {
        Some(_) => Ok(Some(open::start_runtime(settings, MayCreate::Files).await?)),
        None => Ok(None),
    }
}

/// Chooses the page: of the source, else of the file, else the first sample.
pub(super) fn choose_page<'a>(
    runtime: Option<&'a Runtime>,
    source: Option<&'a str>,
    sample: Option<&'a Path>,
) -> PageOf<'a> {
    match (runtime, source, sample) {
        (Some(runtime), Some(name), _) => PageOf::Source { runtime, name },
        (_, _, Some(file)) => PageOf::File(file),
        _ => PageOf::FirstSample,
    }
}

fn show_record(record: &Preview) {
    let outcome = match record.outcome {
        PreviewOutcome::Clean => label("cli-authoring-clean"),
        PreviewOutcome::Parked => label("cli-authoring-parked"),
        PreviewOutcome::Skipped => label("cli-authoring-skipped"),
        PreviewOutcome::Withdrawn => label("cli-authoring-withdrawn"),
    };
    let hours = record
        .class_hours
        .as_ref()
        .map_or_else(String::new, |h| format!(" · {h} {}", label("cli-authoring-class-hours")));
    let because = record.because.as_ref().map_or_else(String::new, |why| format!(" · {why}"));
    say("");
    say(&format!("── {} · {outcome}{hours}{because}", localize_address(&record.address)));
    say(&record.raw);
    say("");
    show_mapped(&record.fields);
    for p in &record.problems {
        let told = format!("{} {}={:?}", p.code, field_text(p), p.seen);
        let expected = format!("{}{}", label("cli-render-expected"), message_text(&p.expected));
        say(&format!("  ✗ {}", sentence!("cli-render-aside", text = told, aside = expected)));
    }
}

/// Writes a new connector that passes its own test, as a starting point.
pub fn create_connector(name: &str, from: Template, out: Option<PathBuf>, json: bool) -> Result<(), CliError> {
    let folder = out.unwrap_or_else(|| PathBuf::from(name));
    let template: Vec<TemplateFile<'_>> =
        from.files().iter().map(|(name, bytes)| TemplateFile { name, bytes }).collect();
    let begun = authoring::begin(name, &folder, &template)?;
    show(json, &begun, |begun| {
        say(&sentence!("cli-authoring-wrote-next-huiliu-connectors-preview", shown = begun.folder.display()));
    });
    Ok(())
}

/// Shows the fields of a mapped record, and what each was made of.
pub(super) fn show_mapped(fields: &[Mapped]) {
    let row = |m: &Mapped| vec![m.field.to_owned(), m.path.clone(), m.text.clone().unwrap_or_else(|| "–".to_owned())];
    let rows: Vec<Vec<String>> = fields.iter().map(row).collect();
    print_table(&[label("cli-authoring-field"), label("cli-authoring-from"), label("cli-authoring-text")], &rows);
}
