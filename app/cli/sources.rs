//! What is asked about sources and their secrets.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Why;
use crate::words::label;

#[derive(Debug, Subcommand)]
pub enum Sources {
    /// List.
    List,
    /// Register a source; it is read without a restart.
    Add {
        name: String,
        /// Connector id.
        #[arg(long)]
        connector: String,
        /// Code of the institution that answers for its data.
        #[arg(long)]
        institution_code: String,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        why: Why,
    },
    /// Change what is given, leave the rest.
    Set {
        name: String,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        why: Why,
    },
    /// Read it no longer; its secrets go, what was received stays.
    Remove {
        name: String,
        #[command(flatten)]
        why: Why,
    },
}

/// Where and when a source is read.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// Name of the institution.
    #[arg(long)]
    pub institution_name: Option<String>,
    /// Base URL.
    #[arg(long)]
    pub base_url: Option<String>,
    /// User, client id or application id.
    #[arg(long)]
    pub user: Option<String>,
    /// Folder of dropped files.
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// Cron expression in Asia/Shanghai; "" for never by itself.
    #[arg(long)]
    pub schedule: Option<String>,
    /// KEY=VALUE for the manifest; an empty value takes it away.
    #[arg(long = "setting", value_name = "KEY=VALUE", value_parser = setting)]
    pub settings: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// List names, never values.
    List,
    /// Seal a value, read from standard input.
    Set {
        source: String,
        /// As `password`.
        name: String,
        #[command(flatten)]
        why: Why,
    },
    /// Remove one.
    Remove {
        source: String,
        name: String,
        #[command(flatten)]
        why: Why,
    },
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err(label("cli-mistake-setting").to_owned()),
    }
}
