//! `connectors check PATH`, `test`, `preview`, `new`: from a description of a platform to a connector that can be registered.

use std::path::{Path, PathBuf};

use huiliu_authoring::gate::trial::Checked;
use huiliu_decode::preview::Preview;
use huiliu_engine::database::Make;
use huiliu_engine::operations::authoring::{self, AcceptedResults, ExpectedResults, ManifestCheck, TemplateFile};
use huiliu_engine::operations::preview::{self, PageOf, PagePreview, PreviewRequest};
use huiliu_engine::runtime::Runtime;

use crate::cli::Template;
use crate::render::show;
use crate::settings::Settings;
use crate::table::table;
use crate::words::{both, expected, note, phrase, say, tr};
use crate::{CliError, open};
use huiliu_values::PreviewOutcome;

/// The manifest alone: is it whole, and do the rules convert its hours?
pub fn check(settings: &Settings, path: &Path, json: bool) -> Result<(), CliError> {
    let checked = authoring::check(&settings.engine, path)?;
    note_open_questions(&checked.open_questions);
    show(json, &checked, |ManifestCheck { connector, .. }| {
        say(&both!("✓ {connector}: the manifest is whole", "✓ {connector}：清单无误"));
    });
    Ok(())
}

/// Samples against their expected results, then every variant of them.
pub async fn test(settings: &Settings, path: &Path, results: ExpectedResults, json: bool) -> Result<(), CliError> {
    let tested = authoring::test(&settings.engine, &open::program(), path, results).await?;
    for AcceptedResults { file, records, parked } in &tested.accepted {
        note(&both!(
            "wrote {file}: {parked} of {records} records are dead letters; read it before you rely on it",
            "已写入 {file}：{records} 条记录中有 {parked} 条转入待处理；使用前请核对",
            file = file.display()
        ));
    }
    note_open_questions(&tested.open_questions);
    show(json, &tested, |tested| show_checked(&tested.samples));
    if tested.ok {
        return Ok(());
    }
    let words = tr(
        "a sample or a variant of one does not give what it must, see above; if the results are right, write them with --accept",
        "有样例或其变体的结果不符，见上；如结果无误，可用 --accept 写入",
    );
    Err(CliError::failed(words).with_code("connector.samples"))
}

/// What a guess has left to a person: as long as it does, whoever uses the manifest is told.
pub(super) fn note_open_questions(lines: &[usize]) {
    if !lines.is_empty() {
        let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
        note(&both!(
            "manifest.toml: questions are open in the lines {lines}; answer them, then take out their `# ?`",
            "manifest.toml：第 {lines} 行仍有未答的问题；回答后请删去其 `# ?`",
            lines = lines.join(", ")
        ));
    }
}

/// What became of samples.
pub(super) fn show_checked(rows: &[Checked]) {
    for row in rows {
        let mark = if row.ok { "✓" } else { "✗" };
        let records = both!("{n} records", "{n} 条记录", n = row.records);
        let variant = row.variant.map_or_else(String::new, |name| format!(" · {}", phrase(name)));
        say(&format!("{mark} {}/{}  {}{variant}  {records}", row.connector, row.stream, row.sample));
        row.differences.iter().for_each(|difference| say(&format!("    {}", phrase(difference))));
    }
}

/// What `preview` looks at.
#[derive(Debug)]
pub struct Look {
    pub path: PathBuf,
    pub stream: Option<String>,
    pub sample: Option<PathBuf>,
    pub source: Option<String>,
    pub limit: u32,
}

/// Raw record, mapped record and problems, side by side: of a sample, or of the platform's first page.
pub async fn preview(settings: &Settings, look: &Look, json: bool) -> Result<(), CliError> {
    let runtime = runtime_for(settings, look.source.as_deref()).await?;
    let request = PreviewRequest {
        path: &look.path,
        stream: look.stream.as_deref(),
        page: page_of(runtime.as_ref(), look.source.as_deref(), look.sample.as_deref()),
        limit: look.limit,
    };
    let previewed = preview::preview(&settings.engine, &open::program(), request).await?;
    if let Some(runtime) = &runtime {
        runtime.close().await;
    }
    show(json, &previewed, |PagePreview { address, bytes, records, .. }| {
        say(&both!("{address}: {bytes} bytes", "{address}：{bytes} 字节"));
        records.iter().for_each(show_record);
    });
    Ok(())
}

/// What reads a source, where one is to be read.
pub(super) async fn runtime_for(settings: &Settings, source: Option<&str>) -> Result<Option<Runtime>, CliError> {
    match source {
        Some(_) => Ok(Some(open::runtime(settings, Make::Files).await?)),
        None => Ok(None),
    }
}

/// The page of a source, else of a file, else the first sample.
pub(super) fn page_of<'a>(
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
        PreviewOutcome::Clean => tr("clean", "可用"),
        PreviewOutcome::Parked => tr("parked", "待处理"),
        PreviewOutcome::Skipped => tr("skipped", "略过"),
    };
    let hours =
        record.class_hours.as_ref().map_or_else(String::new, |h| format!(" · {h} {}", tr("class hours", "学时")));
    let because = record.because.as_ref().map_or_else(String::new, |why| format!(" · {why}"));
    say(&format!("\n── {} · {outcome}{hours}{because}\n{}\n", record.address, record.raw));
    let rows: Vec<Vec<String>> = record
        .fields
        .iter()
        .map(|m| vec![m.field.to_owned(), m.path.clone(), m.text.clone().unwrap_or_else(|| "–".to_owned())])
        .collect();
    table(&[tr("field", "字段"), tr("from", "取自"), tr("text", "内容")], &rows);
    for p in &record.problems {
        say(&format!(
            "  ✗ {} {}={:?} ({}{})",
            p.code,
            p.source_field,
            p.seen,
            tr("expected: ", "应为："),
            expected(&p.code, &p.expected)
        ));
    }
}

/// Writes a connector that passes its own test, to be made one's own.
pub fn new(name: &str, from: Template, out: Option<PathBuf>, json: bool) -> Result<(), CliError> {
    let folder = out.unwrap_or_else(|| PathBuf::from(name));
    let template: Vec<TemplateFile<'_>> =
        from.files().iter().map(|(name, bytes)| TemplateFile { name, bytes }).collect();
    let begun = authoring::begin(name, &folder, &template)?;
    show(json, &begun, |begun| {
        say(&both!(
            "wrote {shown}; next: `huiliu connectors preview {shown}`, change manifest.toml and samples/, `huiliu connectors test {shown} --accept`, `huiliu connectors register {shown}`",
            "已写入 {shown}；接下来：`huiliu connectors preview {shown}`，修改 manifest.toml 与 samples/，`huiliu connectors test {shown} --accept`，`huiliu connectors register {shown}`",
            shown = begun.folder.display()
        ));
    });
    Ok(())
}
