//! `cursors`: shows and changes where each stream is read from next.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::cursors::{self, CursorChanged, CursorShown, StreamName};
use huiliu_engine::operations::{Act, RegistryAccess};

use crate::cli::Cursors;
use crate::render::{show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{label, say};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Cursors, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    match asked {
        Cursors::List { source } => {
            let program = open::build_program();
            let page = cursors::list(open::registry_access(&opened, &settings, &program), source.as_deref()).await?;
            show_page(json, &page, show_cursors);
        }
        Cursors::Set { source, stream, to, why } => {
            let program = open::build_program();
            let access = RegistryAccess { opened: &opened, settings: &settings.engine, program: &program };
            let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
            let of = StreamName { source: &source, stream: &stream };
            let changed = cursors::set(access, act, of, &to).await?;
            show(json, &changed, say_done);
        }
        Cursors::Reset { source, stream, why } => {
            let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
            let changed = cursors::reset(&opened, act, &source, stream.as_deref()).await?;
            show(json, &changed, say_done);
        }
    }
    opened.close().await;
    Ok(())
}

fn say_done(_: &CursorChanged) {
    say(label("cli-cursors-done-holds-from-next-sync"));
}

fn show_cursors(rows: &[CursorShown]) {
    let heading = [
        label("cli-cursors-source"),
        label("cli-cursors-connector"),
        label("cli-cursors-stream"),
        label("cli-cursors-cursor"),
    ];
    let cells =
        |row: &CursorShown| vec![row.source.clone(), row.connector.clone(), row.stream.clone(), row.cursor.clone()];
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}
