//! Checks whether a source can be read, without contacting its platform.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use huiliu_messages::{Message, hide_url_credentials, said_in_english};
use serde::Serialize;

use crate::registry::{InUse, PasswordFileError};
use crate::settings::SourceSettings;
use crate::settings_problem::NearestKey;
use crate::source_secrets::MAX_PASSWORD_FILE;
use huiliu_files::Folder;
use huiliu_manifest::Transport;
use huiliu_manifest::fault::find_nearest;
use huiliu_store::admin::registry::Registered;

/// Why a source cannot be read. Its message says what to do.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum SourceProblem {
    /// Several sources of the settings file have the same name.
    #[serde(rename = "source.name_twice")]
    NameTwice {
        /// How many sources have it.
        times: usize,
    },
    /// The connector does not exist.
    #[serde(rename = "connector.unknown")]
    UnknownConnector {
        /// The connector id that the source names.
        connector: String,
        /// The connector with the most similar id.
        nearest: Option<NearestKey>,
        /// The ids of the connectors that exist.
        known: Vec<String>,
    },
    /// This program cannot use the registered version, for example because it is too new.
    #[serde(rename = "connector.unusable_version")]
    UnusableVersion {
        /// The connector's id.
        connector: String,
        /// The registered version.
        version: i64,
        /// What is wrong with it.
        why: Message,
    },
    /// Its connector calls a platform, and the source has no address.
    #[serde(rename = "source.no_address")]
    NoAddress {
        /// The connector's id.
        connector: String,
    },
    /// Its connector reads a folder, and the source names none.
    #[serde(rename = "source.no_folder")]
    NoFolder {
        /// The connector's id.
        connector: String,
    },
    /// Its connector reads a folder or fetches files, and the source has neither a folder nor an address.
    #[serde(rename = "source.no_place")]
    NoPlace {
        /// The connector's id.
        connector: String,
    },
    /// Its address holds a user or a password.
    #[serde(rename = "source.login_in_address")]
    LoginInAddress,
    /// A folder does not exist or cannot be read.
    #[serde(rename = "source.folder")]
    Folder {
        /// The path that was tried.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        folder: PathBuf,
        /// The operating system's error.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        why: std::io::Error,
    },
    /// An environment variable that holds a password or secret is not set.
    #[serde(rename = "secret.variable")]
    UnsetVariable {
        /// The name of the variable.
        variable: String,
        /// The secret's name.
        secret: String,
    },
    /// A password file does not contain a password.
    #[serde(rename = "secret.password_file")]
    PasswordFile {
        /// The password file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// What is wrong with the file.
        why: PasswordFileError,
    },
}

said_in_english!(SourceProblem);

impl SourceProblem {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NameTwice { .. } => "source.name_twice",
            Self::UnknownConnector { .. } => "connector.not_found",
            Self::UnusableVersion { .. } => "connector.unusable",
            Self::NoAddress { .. } => "source.no_address",
            Self::NoFolder { .. } => "source.no_folder",
            Self::NoPlace { .. } => "source.no_place",
            Self::LoginInAddress => "source.login_in_address",
            Self::Folder { .. } => "source.folder",
            Self::UnsetVariable { .. } => "secret.unset",
            Self::PasswordFile { .. } => "secret.file",
        }
    }
}

/// Returns everything that keeps a source from being read.
#[must_use]
pub fn check_source(source: &SourceSettings, in_use: &InUse, registered: &Registered) -> Vec<SourceProblem> {
    let mut problems = Vec::new();
    problems.extend(check_place(source, in_use));
    problems.extend(has_login(&source.base_url).then_some(SourceProblem::LoginInAddress));
    problems.extend(check_folder(source));
    let sealed: BTreeSet<&str> =
        registered.secrets.iter().filter(|s| s.source == source.name).map(|s| s.name.as_str()).collect();
    if !sealed.contains("password") {
        problems.extend(check_password(source));
    }
    for (secret, variable) in &source.secrets_env {
        problems.extend(check_variable(variable, secret));
    }
    problems
}

/// A name that more than one source of the settings file has.
#[derive(Debug)]
pub struct DuplicateName {
    /// The name they share.
    pub name: String,
    /// The number of sources with this name.
    pub times: usize,
}

/// Returns the names that more than one source of the settings file has.
#[must_use]
pub fn find_duplicate_names(sources: &[SourceSettings]) -> Vec<DuplicateName> {
    let mut names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    names.sort_unstable();
    let runs = names.chunk_by(|a, b| a == b).filter(|run| run.len() > 1);
    runs.filter_map(|run| Some(DuplicateName { name: run.first()?.to_string(), times: run.len() })).collect()
}

/// Checks that the connector exists and that the source says where it reads.
fn check_place(source: &SourceSettings, in_use: &InUse) -> Option<SourceProblem> {
    let connector = source.connector.clone();
    let Some(found) = in_use.found.get(&connector) else {
        if let Some(unusable) = in_use.unreadable.get(&connector) {
            let (version, why) = (unusable.version, unusable.why.clone());
            return Some(SourceProblem::UnusableVersion { connector, version, why });
        }
        let nearest = find_nearest(&connector, in_use.found.keys().map(String::as_str))
            .map(|id| NearestKey::Connector { id: id.to_owned() });
        let known = in_use.found.keys().cloned().collect();
        return Some(SourceProblem::UnknownConnector { connector, nearest, known });
    };
    let (no_folder, no_address) = (source.folder.as_os_str().is_empty(), source.base_url.is_empty());
    match &found.manifest.transport {
        Transport::Http { .. } if no_address => Some(SourceProblem::NoAddress { connector }),
        Transport::Files { download: None, bucket: None, .. } if no_folder => {
            Some(SourceProblem::NoFolder { connector })
        }
        Transport::Files { .. } if no_folder && no_address => Some(SourceProblem::NoPlace { connector }),
        Transport::Http { .. } | Transport::Files { .. } | Transport::Push {} => None,
    }
}

/// Whether an address holds a user or a password.
pub(crate) fn has_login(address: &str) -> bool {
    matches!(hide_url_credentials(address), Cow::Owned(hidden) if hidden != address)
}

fn check_folder(source: &SourceSettings) -> Option<SourceProblem> {
    let folder = &source.folder;
    if folder.as_os_str().is_empty() {
        return None;
    }
    Folder::open(folder)
        .err()
        .map(std::io::Error::from)
        .map(|why| SourceProblem::Folder { folder: folder.clone(), why })
}

/// Checks the password file before the variable, in the order in which reading the source uses them.
fn check_password(source: &SourceSettings) -> Option<SourceProblem> {
    if source.password.is_some() {
        None
    } else if !source.password_file.as_os_str().is_empty() {
        check_password_file(&source.password_file)
    } else if source.password_env.is_empty() {
        None
    } else {
        check_variable(&source.password_env, "password")
    }
}

fn check_password_file(file: &Path) -> Option<SourceProblem> {
    let refused = |why| Some(SourceProblem::PasswordFile { file: file.to_owned(), why });
    match huiliu_files::read_given_text(file, MAX_PASSWORD_FILE) {
        Err(why) => refused(PasswordFileError::Unreadable(why.into())),
        Ok(text) if text.lines().next().is_none_or(str::is_empty) => refused(PasswordFileError::Empty),
        Ok(_) => None,
    }
}

fn check_variable(variable: &str, secret: &str) -> Option<SourceProblem> {
    let unset = || SourceProblem::UnsetVariable { variable: variable.to_owned(), secret: secret.to_owned() };
    std::env::var(variable).is_err().then(unset)
}
