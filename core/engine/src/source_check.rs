//! Looks whether a source could be read, without asking its platform.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::registry::InUse;
use crate::settings::SourceSettings;
use huiliu_manifest::Transport;
use huiliu_manifest::fault::nearest;
use huiliu_store::admin::registry::Registered;

/// Why a source cannot be read, and what to do.
#[derive(Debug, Error)]
pub enum SourceProblem {
    /// Two sources of the settings file have one name.
    #[error("the settings file has {times} sources of this name; give each its own")]
    NameTwice {
        /// So many.
        times: usize,
    },
    /// There is no such connector.
    #[error("there is no connector {connector:?}{}; there are {}", meant(nearest.as_deref()), known.join(", "))]
    UnknownConnector {
        /// As the source names it.
        connector: String,
        /// The one whose id is nearest.
        nearest: Option<String>,
        /// Those there are.
        known: Vec<String>,
    },
    /// The registered version is too new for this program.
    #[error(
        "version {version} of connector {connector:?} is registered and cannot be used by this program: {why}; \
         upgrade the program, or go back to another version with `huiliu connectors rollback`"
    )]
    UnusableVersion {
        /// The connector.
        connector: String,
        /// The version.
        version: i64,
        /// What is wrong with it.
        why: String,
    },
    /// Its connector asks a platform, and there is no address.
    #[error("connector {connector} asks a platform over HTTP and `base_url` is empty; give the platform's address")]
    NoAddress {
        /// The connector.
        connector: String,
    },
    /// Its connector reads a folder, and there is none.
    #[error("connector {connector} reads files and `folder` is empty; give the folder they are put into")]
    NoFolder {
        /// The connector.
        connector: String,
    },
    /// Its connector reads a folder or fetches files, and there is neither.
    #[error("connector {connector} reads files, and both `folder` and `base_url` are empty; give one of them")]
    NoPlace {
        /// The connector.
        connector: String,
    },
    /// A folder is not there, or cannot be read.
    #[error("cannot read the folder {}: {why}; make it readable, or correct `folder`", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// An environment variable that holds a password or secret is not set.
    #[error(
        "the environment variable {variable} for the secret {secret} is not set; set it, or seal the value with `huiliu secrets set`"
    )]
    UnsetVariable {
        /// The variable.
        variable: String,
        /// The secret's name.
        secret: String,
    },
    /// The file of a password does not give one.
    #[error(
        "cannot take the password from {}: {}; its first line must be the password",
        file.display(),
        why.as_ref().map_or_else(|| "it is empty".to_owned(), ToString::to_string)
    )]
    PasswordFile {
        /// The file.
        file: PathBuf,
        /// What the system says; none: it is empty.
        why: Option<std::io::Error>,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |known| format!(" (did you mean {known:?}?)"))
}

impl SourceProblem {
    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NameTwice { .. } => "source.name_twice",
            Self::UnknownConnector { .. } => "connector.not_found",
            Self::UnusableVersion { .. } => "connector.unusable",
            Self::NoAddress { .. } => "source.no_address",
            Self::NoFolder { .. } => "source.no_folder",
            Self::NoPlace { .. } => "source.no_place",
            Self::Folder { .. } => "source.folder",
            Self::UnsetVariable { .. } => "secret.unset",
            Self::PasswordFile { .. } => "secret.file",
        }
    }
}

/// Everything that keeps one source from being read.
#[must_use]
pub fn check(source: &SourceSettings, in_use: &InUse, registered: &Registered) -> Vec<SourceProblem> {
    let mut problems = Vec::new();
    problems.extend(check_place(source, in_use));
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

/// The names that more than one source of the settings file has, and how many have them.
#[must_use]
pub fn names_twice(sources: &[SourceSettings]) -> Vec<(String, usize)> {
    let mut names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    names.sort_unstable();
    let runs = names.chunk_by(|a, b| a == b).filter(|run| run.len() > 1);
    runs.filter_map(|run| Some((run.first()?.to_string(), run.len()))).collect()
}

/// Whether there is such a connector, and it is told where to read.
fn check_place(source: &SourceSettings, in_use: &InUse) -> Option<SourceProblem> {
    let connector = source.connector.clone();
    let Some(found) = in_use.found.get(&connector) else {
        if let Some(unusable) = in_use.unreadable.get(&connector) {
            let (version, why) = (unusable.version, unusable.why.clone());
            return Some(SourceProblem::UnusableVersion { connector, version, why });
        }
        let nearest = nearest(&connector, in_use.found.keys().map(String::as_str)).map(str::to_owned);
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

fn check_folder(source: &SourceSettings) -> Option<SourceProblem> {
    let folder = &source.folder;
    if folder.as_os_str().is_empty() {
        return None;
    }
    std::fs::read_dir(folder).err().map(|why| SourceProblem::Folder { folder: folder.clone(), why })
}

/// The password's file goes before its variable, as when the source is read.
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
    match std::fs::read_to_string(file) {
        Err(why) => refused(Some(why)),
        Ok(text) if text.lines().next().is_none_or(str::is_empty) => refused(None),
        Ok(_) => None,
    }
}

fn check_variable(variable: &str, secret: &str) -> Option<SourceProblem> {
    let unset = || SourceProblem::UnsetVariable { variable: variable.to_owned(), secret: secret.to_owned() };
    std::env::var(variable).is_err().then(unset)
}
