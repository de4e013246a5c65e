//! Commands about the files of sources, and about payloads that could not be decoded.

use clap::Subcommand;

use super::{PageArgs, parse_reason};

/// Which files `files list` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FileStateArg {
    // Seen and not read yet.
    Due,
    // Read.
    Read,
    // The same bytes and time as a file that was read.
    Copy,
    // Passed over, because somebody set the cursor behind it.
    Passed,
    // Being written.
    Growing,
    // Impossible to fetch or to decode.
    Failed,
    // Not the name of a file to be read.
    LeftOut,
    // No longer there.
    Gone,
}

#[derive(Debug, Subcommand)]
pub enum Files {
    /// List the files of a source that were seen, and what became of each.
    List {
        /// Name of the source.
        source: String,
        /// List only files of this stream.
        #[arg(long)]
        stream: Option<String>,
        /// List only those in this state.
        #[arg(long, value_enum)]
        state: Option<FileStateArg>,
        #[command(flatten)]
        span: PageArgs,
    },
}

/// Which payloads `payloads list` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum UnreadStateArg {
    // Nobody has dealt with them.
    Open,
    // Decoded later, or replaced by a newer one.
    Read,
    // Dismissed by a person.
    Dismissed,
}

#[derive(Debug, Subcommand)]
pub enum Payloads {
    /// List the payloads that could not be decoded, and with which nobody has dealt.
    List {
        /// List only payloads of this source.
        #[arg(long)]
        source: Option<String>,
        /// List only payloads of this stream.
        #[arg(long)]
        stream: Option<String>,
        /// List those in this state.
        #[arg(long, value_enum, default_value = "open")]
        state: UnreadStateArg,
        /// List those in every state.
        #[arg(long, conflicts_with = "state")]
        all: bool,
        #[command(flatten)]
        span: PageArgs,
    },
    /// Show a payload that could not be decoded, and why.
    Show { id: i64 },
    /// Decode payloads again, under today's manifests, and deliver their records.
    Retry {
        /// Numbers of the payloads.
        #[arg(required = true)]
        ids: Vec<i64>,
        /// Only say what would come of it.
        #[arg(long)]
        plan: bool,
        /// Count nothing yet: park the sound records until a replay.
        #[arg(long, conflicts_with = "plan")]
        park: bool,
    },
    /// Dismiss payloads: nothing in them is wanted.
    Dismiss {
        /// Numbers of the payloads.
        #[arg(required = true)]
        ids: Vec<i64>,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
    /// Open dismissed payloads again.
    Reopen {
        /// Numbers of the payloads.
        #[arg(required = true)]
        ids: Vec<i64>,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
}
