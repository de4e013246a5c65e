//! `secrets`: passwords and keys of sources, sealed in the database. A value is read from standard input and never
//! shown.

use std::io::Read as _;

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::Act;
use huiliu_engine::operations::secrets::{self, SecretName};
use huiliu_store::admin::sources::SecretListing;

use crate::cli::Secrets;
use crate::render::{format_moment, show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{label, say, sentence, system_error_text};
use crate::{CliError, open};

/// The largest secret, in bytes.
const MAX_SECRET: u64 = 64 << 10;

pub async fn run(settings: Settings, asked: Secrets, json: bool) -> Result<(), CliError> {
    match asked {
        Secrets::List => {
            let opened = open::open_database(&settings, MayCreate::Nothing).await?;
            let page = secrets::list(&opened).await?;
            opened.close().await;
            show_page(json, &page, show_secrets);
        }
        Secrets::Set { source, name, why } => {
            let value = read_value()?;
            let opened = open::open_database(&settings, MayCreate::Files).await?;
            let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
            let secret = SecretName { source: &source, name: &name };
            let sealed = secrets::set(&opened, &settings.engine, act, secret, &value).await?;
            opened.close().await;
            show(json, &sealed, |_| say(label("cli-secrets-sealed-shown-again")));
        }
        Secrets::Remove { source, name, why } => {
            let opened = open::open_database(&settings, MayCreate::Nothing).await?;
            let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
            let removed = secrets::remove(&opened, act, SecretName { source: &source, name: &name }).await?;
            opened.close().await;
            show(json, &removed, |_| say(label("cli-secrets-removed")));
        }
    }
    Ok(())
}

fn show_secrets(rows: &[SecretListing]) {
    let heading = [
        label("cli-secrets-source"),
        label("cli-secrets-secret"),
        label("cli-secrets-set"),
        label("cli-secrets-by"),
        label("cli-secrets-key"),
    ];
    let cells = |row: &SecretListing| {
        vec![
            row.source.clone(),
            row.name.clone(),
            format_moment(&row.set_at),
            row.set_by.clone(),
            row.generation.to_string(),
        ]
    };
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

/// Reads a secret from standard input, without the final line break.
fn read_value() -> Result<String, CliError> {
    let mut text = String::new();
    let refused = |why: &str| CliError::usage(sentence!("cli-secrets-cannot-take-secret-from-standard", why));
    std::io::stdin().take(MAX_SECRET + 1).read_to_string(&mut text).map_err(|e| refused(&system_error_text(&e)))?;
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.is_empty() {
        return Err(refused(label("cli-secrets-empty")));
    }
    if text.len() as u64 > MAX_SECRET {
        return Err(refused(&sentence!("cli-secrets-longer-than-bytes", MAX_SECRET)));
    }
    Ok(value.to_owned())
}
