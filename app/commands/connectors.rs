//! `connectors`: dispatches its subcommands; `list`, `show`, `check` and `explain` are here.

use huiliu_engine::operations::authoring::ExpectedResults;
use huiliu_engine::operations::connectors::{self, ConnectorRow, ConnectorShown, LeftOut, UnusableConnector};
use huiliu_manifest::explain::{self, DocLanguage};
use huiliu_manifest::{reference, schema};

use super::authoring::{self, PreviewArgs, show_checked};
use super::{infer, record, register};
use crate::cli::Connectors;
use crate::render::show;
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{
    error_text, is_chinese, label, message_text, note, note_lines, origin_label, say_document, say_json, say_lines,
    sentence,
};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Connectors, json: bool) -> Result<(), CliError> {
    match asked {
        Connectors::List => list_connectors(&settings, json).await,
        Connectors::Show { id } => show_connector(&settings, &id, json).await,
        Connectors::Check { path: None } => check_all(&settings, json).await,
        Connectors::Check { path: Some(path) } => authoring::check_manifest(&settings, &path, json),
        Connectors::Explain { place, schema } => explain_manifest_language(&place, schema),
        Connectors::New { name, from, out } => authoring::create_connector(&name, from, out, json),
        Connectors::Test { path, accept } => {
            let results = if accept { ExpectedResults::Accept } else { ExpectedResults::Keep };
            authoring::test_connector(&settings, &path, results, json).await
        }
        Connectors::Preview { path, stream, sample, source, all, limit } => {
            authoring::preview_connector(&settings, &PreviewArgs { path, stream, sample, source, all, limit }, json)
                .await
        }
        Connectors::Infer { sample, source, out, id, with_sample } => {
            infer::run(&settings, &infer::InferArgs { sample, source, out, id, with_sample }, json).await
        }
        Connectors::Record { source, stream, sample, into } => {
            record::run(&settings, &record::RecordArgs { source, sample, stream, into }, json).await
        }
        Connectors::Register { path, why } => register::register_connector(&settings, &path, why, json).await,
        Connectors::Versions { id } => register::list_versions(&settings, &id, json).await,
        Connectors::Rollback { id, to, because } => {
            register::rollback_connector(&settings, &register::RollbackArgs { id, to, because }, json).await
        }
        Connectors::Enable { id, because } => {
            register::set_enabled(&settings, &register::EnableArgs { id, enabled: true, because }, json).await
        }
        Connectors::Disable { id, because } => {
            register::set_enabled(&settings, &register::EnableArgs { id, enabled: false, because }, json).await
        }
    }
}

/// Prints the manifest language, or one place of it, in the language of the locale. `of_editors` prints the JSON Schema
/// instead.
fn explain_manifest_language(place: &str, of_editors: bool) -> Result<(), CliError> {
    let tongue = if is_chinese() { DocLanguage::Chinese } else { DocLanguage::English };
    if of_editors {
        say_json(&schema::build_schema());
    } else if place.is_empty() {
        say_document(&reference::render_reference(tongue));
    } else {
        say_lines(&explain::explain_place(place, tongue).map_err(|why| CliError::usage(error_text(&why)))?);
    }
    Ok(())
}

/// Notes what a result leaves out, under `--json` too.
fn note_left_out(left_out: &LeftOut) {
    if let Some(error) = &left_out.not_asked {
        note_lines(&sentence!("cli-connectors-what-registered-database-told", lines = error_text(&**error)));
    }
    for UnusableConnector { connector, version, why } in &left_out.unusable {
        note(&sentence!(
            "cli-connectors-connector-registered-version-cannot-used",
            connector,
            version,
            why = message_text(why)
        ));
    }
}

async fn list_connectors(settings: &Settings, json: bool) -> Result<(), CliError> {
    let list = connectors::list(&settings.engine, &open::build_program()).await?;
    note_left_out(&list.left_out);
    show(json, &list, |list| show_connectors(&list.page.items));
    Ok(())
}

fn show_connectors(rows: &[ConnectorRow]) {
    let cells = |row: &ConnectorRow| {
        let title = if is_chinese() { &row.title_zh } else { &row.title_en };
        vec![
            row.connector.clone(),
            row.version.to_string(),
            title.clone(),
            row.streams.join(", "),
            origin_label(row.origin).to_owned(),
            if row.enabled { "" } else { label("cli-connectors-disabled") }.to_owned(),
        ]
    };
    let heading = [
        label("cli-connectors-connector"),
        label("cli-connectors-version"),
        label("cli-connectors-title"),
        label("cli-connectors-streams"),
        label("cli-connectors-from"),
        "",
    ];
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

async fn show_connector(settings: &Settings, id: &str, json: bool) -> Result<(), CliError> {
    let shown = connectors::show(&settings.engine, &open::build_program(), id).await?;
    note_left_out(&shown.left_out);
    show(json, &shown, show_manifest);
    Ok(())
}

fn show_manifest(shown: &ConnectorShown) {
    say_document(&shown.manifest);
    note(&sentence!(
        "cli-connectors-version-2",
        version = shown.version,
        from = origin_label(shown.origin),
        state = if shown.enabled { "" } else { label("cli-connectors-disabled-2") }
    ));
}

async fn check_all(settings: &Settings, json: bool) -> Result<(), CliError> {
    let checked = connectors::check(&settings.engine, &open::build_program()).await?;
    note_left_out(&checked.left_out);
    show(json, &checked, |checked| show_checked(&checked.samples));
    if checked.ok {
        return Ok(());
    }
    let words = label("cli-connectors-sample-does-give-what-connector");
    Err(CliError::failed(words).with_code("connector.samples"))
}
