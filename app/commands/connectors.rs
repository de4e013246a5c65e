//! `connectors`: its parts, and `list`, `show`, `check`, `explain`.

use huiliu_engine::operations::authoring::ExpectedResults;
use huiliu_engine::operations::connectors::{self, ConnectorRow, ConnectorShown, LeftOut, UnusableConnector};
use huiliu_manifest::explain::{self, Tongue};
use huiliu_manifest::{reference, schema};

use super::authoring::{self, Look, show_checked};
use super::{infer, record, register};
use crate::cli::Connectors;
use crate::render::show;
use crate::settings::Settings;
use crate::table::table;
use crate::words::{both, chinese, note, origin, phrase, say, say_json, spoken, tr};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Connectors, json: bool) -> Result<(), CliError> {
    match asked {
        Connectors::List => list(&settings, json).await,
        Connectors::Show { id } => show_one(&settings, &id, json).await,
        Connectors::Check { path: None } => check_all(&settings, json).await,
        Connectors::Check { path: Some(path) } => authoring::check(&settings, &path, json),
        Connectors::Explain { place, schema } => explain(&place, schema),
        Connectors::New { name, from, out } => authoring::new(&name, from, out, json),
        Connectors::Test { path, accept } => {
            let results = if accept { ExpectedResults::Accept } else { ExpectedResults::Keep };
            authoring::test(&settings, &path, results, json).await
        }
        Connectors::Preview { path, stream, sample, source, limit } => {
            authoring::preview(&settings, &Look { path, stream, sample, source, limit }, json).await
        }
        Connectors::Infer { sample, out, id, with_sample } => {
            infer::run(&settings, &infer::Asked { sample, out, id, with_sample }, json).await
        }
        Connectors::Record { source, stream, sample, into } => {
            record::run(&settings, &record::Asked { source, sample, stream, into }, json).await
        }
        Connectors::Register { path, why } => register::register(&settings, &path, why, json).await,
        Connectors::Versions { id } => register::versions(&settings, &id, json).await,
        Connectors::Rollback { id, to, because } => {
            register::rollback(&settings, &register::Rollback { id, to, because }, json).await
        }
        Connectors::Enable { id, because } => {
            register::set_enabled(&settings, &register::Switch { id, enabled: true, because }, json).await
        }
        Connectors::Disable { id, because } => {
            register::set_enabled(&settings, &register::Switch { id, enabled: false, because }, json).await
        }
    }
}

/// The manifest language, or one place of it, in the words of the locale.
fn explain(place: &str, of_editors: bool) -> Result<(), CliError> {
    let tongue = if chinese() { Tongue::Chinese } else { Tongue::English };
    if of_editors {
        say_json(&schema::schema());
    } else if place.is_empty() {
        say(&reference::reference(tongue));
    } else {
        say(&explain::explain(place, tongue).map_err(|why| CliError::usage(spoken(&why)))?);
    }
    Ok(())
}

/// Tells what an answer leaves out, under `--json` too.
fn note_left_out(left_out: &LeftOut) {
    if let Some(error) = &left_out.not_asked {
        note(&both!(
            "what is registered in the database is not told: {why}",
            "未能查看数据库中注册的内容：{why}",
            why = spoken(&**error)
        ));
    }
    for UnusableConnector { connector, version, why } in &left_out.unusable {
        note(&both!(
            "connector {connector}: the registered version {version} cannot be used by this program: {why}",
            "连接器 {connector}：本程序无法使用已注册的第 {version} 版：{why}",
            why = phrase(why)
        ));
    }
}

async fn list(settings: &Settings, json: bool) -> Result<(), CliError> {
    let list = connectors::list(&settings.engine, &open::program()).await?;
    note_left_out(&list.left_out);
    show(json, &list, |list| show_rows(&list.page.items));
    Ok(())
}

fn show_rows(rows: &[ConnectorRow]) {
    let cells = |row: &ConnectorRow| {
        let title = if chinese() { &row.title_zh } else { &row.title_en };
        vec![
            row.connector.clone(),
            row.version.to_string(),
            title.clone(),
            row.streams.join(", "),
            origin(row.origin).to_owned(),
            if row.enabled { "" } else { tr("disabled", "已停用") }.to_owned(),
        ]
    };
    let heading = [
        tr("connector", "连接器"),
        tr("version", "版本"),
        tr("title", "名称"),
        tr("streams", "数据流"),
        tr("from", "来自"),
        "",
    ];
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

async fn show_one(settings: &Settings, id: &str, json: bool) -> Result<(), CliError> {
    let shown = connectors::show(&settings.engine, &open::program(), id).await?;
    note_left_out(&shown.left_out);
    show(json, &shown, show_manifest);
    Ok(())
}

fn show_manifest(shown: &ConnectorShown) {
    say(&shown.manifest);
    note(&both!(
        "version {version}, {from}{state}",
        "第 {version} 版，{from}{state}",
        version = shown.version,
        from = origin(shown.origin),
        state = if shown.enabled { "" } else { tr(", disabled", "，已停用") }
    ));
}

async fn check_all(settings: &Settings, json: bool) -> Result<(), CliError> {
    let checked = connectors::check(&settings.engine, &open::program()).await?;
    note_left_out(&checked.left_out);
    show(json, &checked, |checked| show_checked(&checked.samples));
    if checked.ok {
        return Ok(());
    }
    let words = tr(
        "a sample does not give what its connector's folder expects, see above",
        "有样例与连接器目录中的预期结果不符，见上",
    );
    Err(CliError::failed(words).with_code("connector.samples"))
}
