//! Reads the passwords and other secrets of sources, wherever they are kept.

use std::collections::BTreeMap;

use crate::registry::{PasswordFileError, RegistryError, RegistrySnapshot, Secret};
use crate::settings::SourceSettings;

/// Maximum size of a password file, in bytes.
pub(crate) const MAX_PASSWORD_FILE: u64 = 64 << 10;

/// Returns a source's password: from the settings, else sealed in the store, else from a file, else from the
/// environment.
pub(crate) fn read_password(source: &SourceSettings, known: &RegistrySnapshot) -> Result<String, RegistryError> {
    if let Some(password) = &source.password {
        return Ok(password.clone());
    }
    if let Some(sealed) = known.secrets.get(&(source.name.clone(), "password".to_owned())) {
        let opened = sealed.as_ref().map(|secret| secret.0.clone());
        return opened.ok_or_else(|| sealed_secret_error(&source.name, "password"));
    }
    if !source.password_file.as_os_str().is_empty() {
        return read_first_line(source);
    }
    if source.password_env.is_empty() {
        return Ok(String::new());
    }
    read_env_variable(source, &source.password_env)
}

fn sealed_secret_error(name: &str, secret: &str) -> RegistryError {
    RegistryError::SealedSecret { name: name.to_owned(), secret: secret.to_owned() }
}

fn read_env_variable(source: &SourceSettings, variable: &str) -> Result<String, RegistryError> {
    std::env::var(variable)
        .map_err(|_| RegistryError::UnsetVariable { name: source.name.clone(), variable: variable.to_owned() })
}

/// Returns a source's secrets other than its password. A secret sealed in the store replaces one from the environment.
pub(crate) fn read_other_secrets(
    source: &SourceSettings,
    known: &RegistrySnapshot,
) -> Result<BTreeMap<String, Secret>, RegistryError> {
    let mut all = BTreeMap::new();
    for (name, variable) in &source.secrets_env {
        all.insert(name.clone(), Secret(read_env_variable(source, variable)?));
    }
    for ((of, name), sealed) in known.secrets.iter().filter(|((of, name), _)| *of == source.name && name != "password")
    {
        all.insert(name.clone(), sealed.clone().ok_or_else(|| sealed_secret_error(of, name))?);
    }
    Ok(all)
}

fn read_first_line(source: &SourceSettings) -> Result<String, RegistryError> {
    let refused =
        |why| RegistryError::PasswordFile { name: source.name.clone(), file: source.password_file.clone(), why };
    let text = huiliu_files::read_given_text(&source.password_file, MAX_PASSWORD_FILE)
        .map_err(|e| refused(PasswordFileError::Unreadable(e.into())))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(refused(PasswordFileError::Empty)),
    }
}
