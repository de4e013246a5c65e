//! Commands about sources and their secrets.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ReasonArgs, parse_reason};
use crate::words::label;

#[derive(Debug, Subcommand)]
pub enum Sources {
    /// List the sources.
    List,
    /// Register a source; it is read without a restart.
    Add {
        name: String,
        /// Id of the connector.
        #[arg(long)]
        connector: String,
        /// Code of the institution that answers for its data.
        #[arg(long)]
        institution_code: String,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Change a source: only what is given, the rest stays.
    Set {
        name: String,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Release a source that is held for too long, because the database's clock was ahead.
    Release {
        name: String,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
    /// Remove a source: it is no longer read and its secrets are deleted; what was received is kept.
    Remove {
        name: String,
        #[command(flatten)]
        why: ReasonArgs,
    },
}

/// Where and when a source is read.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// Name of the institution responsible for the data.
    #[arg(long)]
    pub institution_name: Option<String>,
    /// Base URL of the platform.
    #[arg(long)]
    pub base_url: Option<String>,
    /// User, client id or application id.
    #[arg(long)]
    pub user: Option<String>,
    /// Folder of dropped files.
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// Cron expression in Asia/Shanghai; "" for never.
    #[arg(long)]
    pub schedule: Option<String>,
    /// KEY=VALUE for the manifest; an empty value removes it.
    #[arg(long = "setting", value_name = "KEY=VALUE", value_parser = parse_setting)]
    pub settings: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// List the names of the secrets, never their values.
    List,
    /// Set a secret: seal a value, read from standard input.
    Set {
        source: String,
        /// Name of the secret, such as `password`.
        name: String,
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Remove a secret.
    Remove {
        source: String,
        name: String,
        #[command(flatten)]
        why: ReasonArgs,
    },
}

fn parse_setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err(label("cli-mistake-setting").to_owned()),
    }
}
