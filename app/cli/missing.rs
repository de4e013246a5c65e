//! Commands about records that are missing from the newest whole of their stream.

use clap::{Args, Subcommand};

use super::{DecisionArgs, PageArgs};

/// Which missing records `missing list` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum MissingStateArg {
    // They wait for a decision, and count.
    Open,
    // They count no longer.
    Withdrawn,
    // They count, and nobody is asked again.
    Kept,
}

#[derive(Debug, Subcommand)]
pub enum MissingRecords {
    /// List records that are missing: those that wait for a decision.
    List {
        /// List only records of this source.
        #[arg(long)]
        source: Option<String>,
        /// List only records of this stream.
        #[arg(long)]
        stream: Option<String>,
        /// List those in this state.
        #[arg(long, value_enum, default_value = "open")]
        state: MissingStateArg,
        /// List those in every state.
        #[arg(long, conflicts_with = "state")]
        all: bool,
        #[command(flatten)]
        span: PageArgs,
    },
    /// Withdraw missing records: their hours count no longer, until the records come again.
    Withdraw {
        #[command(flatten)]
        which: MissingArgs,
        #[command(flatten)]
        mode: DecisionArgs,
    },
    /// Keep missing records: they count, and nobody is asked again. Also takes a withdrawal back.
    Keep {
        #[command(flatten)]
        which: MissingArgs,
        #[command(flatten)]
        mode: DecisionArgs,
    },
}

/// Selects missing records: by number, or all of a stream.
#[derive(Debug, Clone, Args)]
pub struct MissingArgs {
    /// Numbers of the records.
    #[arg(required_unless_present_all = ["source", "stream"], conflicts_with_all = ["source", "stream"], value_name = "RECORD")]
    pub records: Vec<i64>,
    /// All missing records of a stream of this source.
    #[arg(long, requires = "stream")]
    pub source: Option<String>,
    /// Name of the stream.
    #[arg(long, requires = "source")]
    pub stream: Option<String>,
}
