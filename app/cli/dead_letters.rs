//! Arguments of `dead-letters`.

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::{PageArgs, parse_day, parse_reason};

/// Filters open dead letters. All given filters must match.
#[derive(Debug, Clone, Args)]
pub struct DeadLetterFilterArgs {
    /// Take only dead letters of sources with this connector.
    #[arg(long)]
    pub connector: Option<String>,
    /// Take only dead letters of this source.
    #[arg(long)]
    pub source: Option<String>,
    /// Take only dead letters of sources of the institution with this code.
    #[arg(long, value_name = "CODE")]
    pub institution: Option<String>,
    /// Take only dead letters of this stream.
    #[arg(long)]
    pub stream: Option<String>,
    /// Take only dead letters that failed at this stage.
    #[arg(long, value_enum)]
    pub stage: Option<StageArg>,
    /// Take only dead letters with this reason code.
    #[arg(long)]
    pub code: Option<String>,
    /// Take only dead letters with a reason about this raw field.
    #[arg(long)]
    pub field: Option<String>,
    /// Take only dead letters with the cause of this number.
    #[arg(long)]
    pub cause: Option<i64>,
    /// Take only the dead letter of this number; may be given several times.
    #[arg(long = "letter", value_name = "N")]
    pub letters: Vec<i64>,
    /// Take only dead letters seen in this sync run.
    #[arg(long)]
    pub run: Option<i64>,
    /// Take only dead letters seen in payloads of this name or address.
    #[arg(long, value_name = "NAME")]
    pub file: Option<String>,
    /// Take only dead letters seen in the payload of this number; may be given several times.
    #[arg(long = "payload", value_name = "N")]
    pub payloads: Vec<i64>,
    /// Take only dead letters about this teacher.
    #[arg(long)]
    pub teacher: Option<i64>,
    /// Take only dead letters last seen on this day or later, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub since: Option<NaiveDate>,
    /// Take only dead letters last seen on this day or earlier, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub until: Option<NaiveDate>,
}

/// Where a record failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum StageArg {
    // The row itself.
    Read,
    // A value of it.
    Validate,
    // The roster, or another record.
    Match,
}

#[derive(Debug, Subcommand)]
pub enum DeadLetters {
    /// Group the open dead letters by cause, those with the most letters first.
    Groups {
        #[command(flatten)]
        of: Box<DeadLetterFilterArgs>,
        #[command(flatten)]
        span: PageArgs,
    },
    /// List the open dead letters.
    List {
        #[command(flatten)]
        of: Box<DeadLetterFilterArgs>,
        /// List only those whose record may have been corrected under another key.
        #[arg(long)]
        corrected: bool,
        #[command(flatten)]
        span: PageArgs,
    },
    /// Show a dead letter with its raw record, what is wrong in it, who must act, and what was done.
    Show { id: i64 },
    /// Accept that the record of a dead letter belongs from now on to the person whom the letter names.
    Accept {
        id: i64,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
    /// Discard dead letters: their raw records count as discarded.
    Discard {
        /// Numbers of the dead letters.
        #[arg(required_unless_present = "cause", conflicts_with = "cause")]
        ids: Vec<i64>,
        /// All dead letters with the cause of this number.
        #[arg(long)]
        cause: Option<i64>,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
    /// Close dead letters whose record was corrected under another key, such as another ID number.
    Close {
        /// Numbers of the dead letters.
        #[arg(required_unless_present = "source", conflicts_with = "source")]
        ids: Vec<i64>,
        /// Close all of this source that were probably corrected.
        #[arg(long)]
        source: Option<String>,
        /// Number of the training record that corrects the dead letter, where several may.
        #[arg(long, conflicts_with = "source")]
        record: Option<i64>,
        /// Only say which would be closed.
        #[arg(long)]
        plan: bool,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
    /// Open a dead letter again that a corrected record has closed.
    Reopen {
        id: i64,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
}
