//! Arguments of `corrections`.

use clap::Subcommand;

use super::{PageArgs, parse_reason};
use crate::words::label;

#[derive(Debug, Subcommand)]
pub enum Corrections {
    /// Put values in the place of those received, in the raw records of open dead letters.
    Add {
        /// Numbers of the dead letters.
        #[arg(required_unless_present = "cause", conflicts_with = "cause")]
        letters: Vec<i64>,
        /// All dead letters with the cause of this number.
        #[arg(long)]
        cause: Option<i64>,
        /// A raw field and the value in its place; an empty value stands for none.
        #[arg(long = "set", required = true, value_name = "FIELD=VALUE", value_parser = parse_value)]
        values: Vec<(String, String)>,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
    /// List corrections.
    List {
        /// List only those of this source.
        #[arg(long)]
        source: Option<String>,
        /// List only those made for this dead letter.
        #[arg(long, value_name = "N")]
        letter: Option<i64>,
        #[command(flatten)]
        span: PageArgs,
    },
    /// Withdraw a correction: the value is read as received again.
    Withdraw {
        id: i64,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
}

/// Parses `FIELD=VALUE`. The first `=` ends the field.
fn parse_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, value)) if !field.trim().is_empty() => Ok((field.trim().to_owned(), value.to_owned())),
        _ => Err(label("cli-mistake-field-value").to_owned()),
    }
}
