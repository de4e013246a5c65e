//! Arguments of `corrections`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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
    /// Correct an open dead letter by one of its suggestions.
    Accept {
        /// Number of the dead letter.
        letter: i64,
        #[command(flatten)]
        suggestion: SuggestionArgs,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: Option<String>,
    },
    /// Write the faulty rows of a source below the header that their sender wrote, with what is wrong beside them.
    Export {
        /// Name of the source.
        source: String,
        /// The workbook, or with a name that ends in .csv a text; a new file.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Put the workbook into a ZIP archive, encrypted with AES-256; its password is shown once.
        #[arg(long)]
        protect: bool,
        /// Write all rows of the files and pages concerned, not only the faulty ones.
        #[arg(long)]
        all_rows: bool,
        /// Take only dead letters of this stream.
        #[arg(long)]
        stream: Option<String>,
        /// Take only dead letters with the cause of this number.
        #[arg(long)]
        cause: Option<i64>,
        /// Take only dead letters seen in this sync run.
        #[arg(long)]
        run: Option<i64>,
        /// Take only dead letters received in a file of this name.
        #[arg(long, value_name = "NAME")]
        file: Option<String>,
    },
    /// Take a sheet of `corrections export` back, after the sender has corrected it.
    Import {
        /// Name of the source.
        source: String,
        /// The sheet, under any name.
        workbook: PathBuf,
        /// Only say which rows were corrected.
        #[arg(long)]
        plan: bool,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: Option<String>,
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
    /// Map a dead letter's value: from now on another value is read in its place wherever it is received.
    Map {
        /// Number of the dead letter.
        letter: i64,
        /// The raw field and the value that is read in the place of the one that the letter has there.
        #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = parse_value)]
        value: (String, String),
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
    /// List mapped values.
    Mapped {
        /// List only those of this source.
        #[arg(long)]
        source: Option<String>,
        #[command(flatten)]
        span: PageArgs,
    },
    /// Withdraw a mapped value: the value is read as received again.
    Unmap {
        /// Number of the mapped value.
        id: i64,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
    /// Withdraw a correction: the value is read as received again.
    Withdraw {
        id: i64,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
}

/// The suggestion that is accepted.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct SuggestionArgs {
    /// The ID number of the suggested teacher of this number.
    #[arg(long, value_name = "N")]
    pub teacher: Option<i64>,
    /// The suggested course code.
    #[arg(long, value_name = "CODE")]
    pub course: Option<String>,
}

/// Parses `FIELD=VALUE`. The first `=` ends the field.
fn parse_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, value)) if !field.trim().is_empty() => Ok((field.trim().to_owned(), value.to_owned())),
        _ => Err(label("cli-mistake-field-value").to_owned()),
    }
}
