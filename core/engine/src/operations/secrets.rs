//! Secrets: passwords and keys of sources, sealed in the database. No operation returns their values.

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;

use super::act::{Act, AuditEntry};
use super::error::OperationError;
use super::page::Page;
use crate::database::OpenDatabase;
use crate::settings::Settings;
use huiliu_store::admin::registry;
use huiliu_store::admin::sources::{self, SecretListing};

/// Why a secret cannot be set or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum SecretError {
    /// The source does not exist.
    #[serde(rename = "secret.no_source")]
    NoSource {
        /// The name that was requested.
        name: String,
    },
    /// The source has no such secret.
    #[serde(rename = "secret.not_found")]
    NoSecret {
        /// The source's name.
        name: String,
        /// The secret that was requested.
        secret: String,
    },
}

said_in_english!(SecretError);

impl SecretError {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSource { .. } => "source.not_found",
            Self::NoSecret { .. } => "secret.not_found",
        }
    }

    /// Returns whether the user must change the request; always true.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        true
    }
}

/// Identifies a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretName<'a> {
    /// The name of its source.
    pub source: &'a str,
    /// The secret's name, for example `password`.
    pub name: &'a str,
}

/// What was done with a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretState {
    /// It was sealed.
    Set,
    /// It was removed.
    Removed,
}

/// A secret that was set or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SecretChanged {
    /// The name of its source.
    pub source: String,
    /// The secret's name.
    pub secret: String,
    /// What was done.
    pub state: SecretState,
}

/// Lists the secrets by source and name, without their values.
///
/// # Errors
/// [`OperationError::Store`] if the database fails.
pub async fn list(opened: &OpenDatabase) -> Result<Page<SecretListing>, OperationError> {
    Ok(Page::from_all(sources::list_secrets(&opened.db).await?))
}

/// Seals a secret of a source. Replaces an existing secret of that name.
///
/// # Errors
/// [`SecretError::NoSource`] if there is no such source.
pub async fn set(
    opened: &OpenDatabase,
    settings: &Settings,
    act: Act<'_>,
    secret: SecretName<'_>,
    value: &str,
) -> Result<SecretChanged, OperationError> {
    let SecretName { source, name } = secret;
    let mut tx = registry::begin_change(&opened.db).await?;
    if !settings.has_source(source) && sources::find_registered_source(&mut tx, source).await?.is_none() {
        return Err(SecretError::NoSource { name: source.to_owned() }.into());
    }
    sources::set_secret(&mut tx, &opened.keys, source, name, value, act.actor).await?;
    act.commit_with_audit(tx, opened, AuditEntry::new("secret.set", audit_object(secret))).await?;
    Ok(build_change(secret, SecretState::Set))
}

/// Removes a secret from the database.
///
/// # Errors
/// [`SecretError::NoSecret`] if the source has no such secret.
pub async fn remove(
    opened: &OpenDatabase,
    act: Act<'_>,
    secret: SecretName<'_>,
) -> Result<SecretChanged, OperationError> {
    let SecretName { source, name } = secret;
    let mut tx = registry::begin_change(&opened.db).await?;
    if !sources::remove_secret(&mut tx, source, name).await? {
        return Err(SecretError::NoSecret { name: source.to_owned(), secret: name.to_owned() }.into());
    }
    act.commit_with_audit(tx, opened, AuditEntry::new("secret.remove", audit_object(secret))).await?;
    Ok(build_change(secret, SecretState::Removed))
}

fn audit_object(SecretName { source, name }: SecretName<'_>) -> String {
    format!("secret {source}/{name}")
}

fn build_change(SecretName { source, name }: SecretName<'_>, state: SecretState) -> SecretChanged {
    SecretChanged { source: source.to_owned(), secret: name.to_owned(), state }
}
