//! `files`: the files of sources that were seen, and what became of each.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::files;
use huiliu_store::intake::files::{FileFilter, FileRow};
use huiliu_values::FileState;

use crate::cli::{FileStateArg, Files};
use crate::render::{format_moment, format_number, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{label, localize_word, message_text};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Files, json: bool) -> Result<(), CliError> {
    let Files::List { source, stream, state, span } = asked;
    let of = FileFilter { source: Some(source), stream, state: state.map(FileState::from) };
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    let program = open::build_program();
    let page = files::list(open::registry_access(&opened, &settings, &program), &of, span.into()).await?;
    opened.close().await;
    show_page(json, &page, show_files);
    Ok(())
}

impl From<FileStateArg> for FileState {
    fn from(state: FileStateArg) -> Self {
        match state {
            FileStateArg::Due => Self::Due,
            FileStateArg::Read => Self::Read,
            FileStateArg::Copy => Self::Copy,
            FileStateArg::Passed => Self::Passed,
            FileStateArg::Growing => Self::Growing,
            FileStateArg::Failed => Self::Failed,
            FileStateArg::LeftOut => Self::LeftOut,
            FileStateArg::Gone => Self::Gone,
        }
    }
}

fn show_files(rows: &[FileRow]) {
    let cells = |row: &FileRow| {
        vec![
            row.file.to_string(),
            row.stream.clone().unwrap_or_default(),
            row.name.clone(),
            row.size.map(format_number).unwrap_or_default(),
            row.modified_at.as_deref().map(format_moment).unwrap_or_default(),
            state_label(row.state).to_owned(),
            row.run.to_string(),
            row.payload.map(|payload| payload.to_string()).unwrap_or_default(),
            row.reason.as_ref().map(message_text).unwrap_or_default(),
        ]
    };
    let heading = [
        label("cli-files-file"),
        label("cli-files-stream"),
        label("cli-files-name"),
        label("cli-files-size"),
        label("cli-files-modified"),
        label("cli-files-state"),
        label("cli-files-run"),
        label("cli-files-payload"),
        label("cli-files-reason"),
    ];
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

fn state_label(state: FileState) -> &'static str {
    match state {
        FileState::Due => label("cli-files-due"),
        FileState::Read => label("cli-files-read"),
        FileState::Copy => label("cli-files-copy"),
        FileState::Passed => label("cli-files-passed"),
        FileState::Growing => label("cli-files-growing"),
        FileState::Failed => localize_word("failed"),
        FileState::LeftOut => label("cli-files-left-out"),
        FileState::Gone => label("cli-files-gone"),
    }
}
