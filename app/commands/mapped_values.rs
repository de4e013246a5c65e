//! `corrections map`, `mapped`, `unmap`: values that are read in the place of one that is received.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::mapped_values::{self, ValueMapped};
use huiliu_engine::operations::{Act, RegistryAccess};
use huiliu_store::delivery::mapped_values::MappedValueRow;

use crate::cli::PageArgs;
use crate::render::{format_moment, show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{label, say, sentence};
use crate::{CliError, open};

pub async fn map(
    settings: &Settings,
    letter: i64,
    value: &(String, String),
    because: &str,
    json: bool,
) -> Result<(), CliError> {
    let runtime = open::start_runtime(settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because };
    let mapped = mapped_values::map(&runtime, act, letter, (&value.0, &value.1)).await?;
    runtime.close().await;
    show(json, &mapped, |mapped: &ValueMapped| {
        let selected = match mapped.causes.first() {
            None => format!("--letter {}", mapped.dead_letter),
            Some(cause) => format!("--cause {cause}"),
        };
        let ValueMapped { mapped_value, source, stream, field, .. } = mapped;
        say(&sentence!("cli-mapped-made", mapped_value, source, stream, field, selected));
    });
    Ok(())
}

pub async fn list(
    access: RegistryAccess<'_>,
    source: Option<&str>,
    span: PageArgs,
    json: bool,
) -> Result<(), CliError> {
    let page = mapped_values::list(access, source, span.into()).await?;
    show_page(json, &page, show_mapped_values);
    Ok(())
}

pub async fn withdraw(access: RegistryAccess<'_>, act: Act<'_>, id: i64, json: bool) -> Result<(), CliError> {
    let withdrawn = mapped_values::withdraw(access.opened, act, id).await?;
    show(json, &withdrawn, |of| say(&sentence!("cli-mapped-withdrawn", source = of.source)));
    Ok(())
}

fn show_mapped_values(rows: &[MappedValueRow]) {
    let cells = |of: &MappedValueRow| {
        vec![
            of.mapped_value.to_string(),
            format!("{}/{}", of.source, of.stream),
            of.field.clone(),
            of.received.clone(),
            of.value.clone(),
            of.actor.clone(),
            of.because.clone(),
            format_moment(&of.made_at),
            of.withdrawn_at.as_deref().map(format_moment).unwrap_or_default(),
        ]
    };
    let heading = [
        label("cli-mapped-value"),
        label("cli-dead-letters-stream"),
        label("cli-dead-letters-field"),
        label("cli-mapped-received"),
        label("cli-corrections-value"),
        label("cli-corrections-by"),
        label("cli-corrections-because"),
        label("cli-mapped-made-at"),
        label("cli-corrections-withdrawn-at"),
    ];
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}
