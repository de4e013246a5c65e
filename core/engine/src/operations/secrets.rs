//! Passwords and keys of sources, sealed in the database: a value goes in and never out again.

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;

use super::act::{Act, AuditEntry};
use super::error::OperationError;
use super::page::Page;
use crate::database::OpenDatabase;
use crate::settings::Settings;
use huiliu_store::admin::registry;
use huiliu_store::admin::sources::{self, SecretTold};

/// Why a secret is not sealed or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum SecretError {
    /// There is no source that it could be of.
    #[serde(rename = "secret.no_source")]
    NoSource {
        /// As it was asked for.
        name: String,
    },
    /// The source has no such secret.
    #[serde(rename = "secret.not_found")]
    NoSecret {
        /// The source.
        name: String,
        /// The secret, as it was asked for.
        secret: String,
    },
}

said_in_english!(SecretError);

impl SecretError {
    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSource { .. } => "source.not_found",
            Self::NoSecret { .. } => "secret.not_found",
        }
    }

    /// Whether whoever asked has to ask otherwise; always.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        true
    }
}

/// Which secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretName<'a> {
    /// Its source.
    pub source: &'a str,
    /// Its name, as `password`.
    pub name: &'a str,
}

/// What became of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretState {
    /// It was sealed.
    Set,
    /// It was removed.
    Removed,
}

/// A secret that was sealed or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SecretChanged {
    /// Its source.
    pub source: String,
    /// Its name.
    pub secret: String,
    /// What became of it.
    pub state: SecretState,
}

/// The secrets by source and name, without their values.
///
/// # Errors
/// [`OperationError::Store`].
pub async fn list(opened: &OpenDatabase) -> Result<Page<SecretTold>, OperationError> {
    Ok(Page::whole(sources::secrets(&opened.db).await?))
}

/// Seals a secret of a source, in the place of the one of that name if there is one.
///
/// # Errors
/// [`SecretError::NoSource`].
pub async fn set(
    opened: &OpenDatabase,
    settings: &Settings,
    act: Act<'_>,
    secret: SecretName<'_>,
    value: &str,
) -> Result<SecretChanged, OperationError> {
    let SecretName { source, name } = secret;
    let mut tx = registry::begin(&opened.db).await?;
    if !settings.has_source(source) && sources::registered_source(&mut tx, source).await?.is_none() {
        return Err(SecretError::NoSource { name: source.to_owned() }.into());
    }
    sources::set_secret(&mut tx, &opened.keys, source, name, value, act.actor).await?;
    act.commit(tx, opened, AuditEntry::new("secret.set", object(secret))).await?;
    Ok(changed(secret, SecretState::Set))
}

/// Removes a secret.
///
/// # Errors
/// [`SecretError::NoSecret`].
pub async fn remove(
    opened: &OpenDatabase,
    act: Act<'_>,
    secret: SecretName<'_>,
) -> Result<SecretChanged, OperationError> {
    let SecretName { source, name } = secret;
    let mut tx = registry::begin(&opened.db).await?;
    if !sources::remove_secret(&mut tx, source, name).await? {
        return Err(SecretError::NoSecret { name: source.to_owned(), secret: name.to_owned() }.into());
    }
    act.commit(tx, opened, AuditEntry::new("secret.remove", object(secret))).await?;
    Ok(changed(secret, SecretState::Removed))
}

fn object(SecretName { source, name }: SecretName<'_>) -> String {
    format!("secret {source}/{name}")
}

fn changed(SecretName { source, name }: SecretName<'_>, state: SecretState) -> SecretChanged {
    SecretChanged { source: source.to_owned(), secret: name.to_owned(), state }
}
