//! `secrets`: passwords and keys of sources, sealed in the database. A value comes in on standard input and never out again.

use std::io::Read as _;

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::Act;
use huiliu_engine::operations::secrets::{self, SecretName};
use huiliu_store::admin::sources::SecretListing;

use crate::cli::Secrets;
use crate::render::{moment, show, show_page};
use crate::settings::Settings;
use crate::table::table;
use crate::words::{label, say, sentence, spoken_system};
use crate::{CliError, open};

/// No secret is longer, in bytes.
const MAX_SECRET: u64 = 64 << 10;

pub async fn run(settings: Settings, asked: Secrets, json: bool) -> Result<(), CliError> {
    match asked {
        Secrets::List => {
            let opened = open::database(&settings, MayCreate::Nothing).await?;
            let page = secrets::list(&opened).await?;
            opened.close().await;
            show_page(json, &page, show_rows);
        }
        Secrets::Set { source, name, why } => {
            let value = value()?;
            let opened = open::database(&settings, MayCreate::Files).await?;
            let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
            let secret = SecretName { source: &source, name: &name };
            let sealed = secrets::set(&opened, &settings.engine, act, secret, &value).await?;
            opened.close().await;
            show(json, &sealed, |_| say(label("cli-secrets-sealed-shown-again")));
        }
        Secrets::Remove { source, name, why } => {
            let opened = open::database(&settings, MayCreate::Nothing).await?;
            let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
            let removed = secrets::remove(&opened, act, SecretName { source: &source, name: &name }).await?;
            opened.close().await;
            show(json, &removed, |_| say(label("cli-secrets-removed")));
        }
    }
    Ok(())
}

fn show_rows(rows: &[SecretListing]) {
    let heading = [
        label("cli-secrets-source"),
        label("cli-secrets-secret"),
        label("cli-secrets-set"),
        label("cli-secrets-by"),
        label("cli-secrets-key"),
    ];
    let cells = |row: &SecretListing| {
        vec![row.source.clone(), row.name.clone(), moment(&row.set_at), row.set_by.clone(), row.generation.to_string()]
    };
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

/// What stands on standard input, without the end of its line.
fn value() -> Result<String, CliError> {
    let mut text = String::new();
    let refused = |why: &str| CliError::usage(sentence!("cli-secrets-cannot-take-secret-from-standard", why));
    std::io::stdin().take(MAX_SECRET + 1).read_to_string(&mut text).map_err(|e| refused(&spoken_system(&e)))?;
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
