//! Arguments of `dead-letters`.

use clap::Subcommand;

use super::{PageArgs, SourceFilterArgs, parse_reason};

#[derive(Debug, Subcommand)]
pub enum DeadLetters {
    /// List the open dead letters.
    List {
        #[command(flatten)]
        of: SourceFilterArgs,
        /// List only those seen in this sync run.
        #[arg(long)]
        run: Option<i64>,
        /// List only those with this reason code.
        #[arg(long)]
        code: Option<String>,
        /// List only those whose record may have been corrected under another key.
        #[arg(long)]
        corrected: bool,
        #[command(flatten)]
        span: PageArgs,
    },
    /// Show a dead letter.
    Show { id: i64 },
    /// Accept that the record of a dead letter belongs from now on to the person whom the letter names.
    Accept {
        id: i64,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
    /// Discard a dead letter: its raw records count as discarded.
    Discard {
        id: i64,
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
