//! The command line.

mod connectors;
mod corrections;
mod credit;
mod dead_letters;
pub mod examples;
mod files;
pub mod help;
mod missing;
pub mod parse_errors;
mod sources;

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};
use huiliu_store::admin::filter::RowFilter;

use crate::words::{label, sentence};

pub use connectors::{Connectors, Template};
pub use corrections::{Corrections, SuggestionArgs};
pub use credit::{
    Courses, DecisionArgs, Decisions, Identity, QueueState, RegionCommands, Roster, RuleChangeArgs, Rules, Schools,
    Teachers,
};
pub use dead_letters::{DeadLetterFilterArgs, DeadLetters, StageArg};
pub use files::{FileStateArg, Files, Payloads, UnreadStateArg};
pub use missing::{MissingArgs, MissingRecords, MissingStateArg};
pub use sources::{Place, Secrets, Sources};

/// Training records of many platforms in, one provable credit ledger per teacher out.
#[derive(Debug, Parser)]
#[command(name = "huiliu", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Args)]
pub struct Globals {
    /// Settings file; see `config/default.toml`.
    #[arg(long, global = true, env = "HUILIU_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder that holds the embedded files.
    #[arg(long, global = true)]
    pub data_dir: Option<PathBuf>,
    /// Database: `sqlite:PATH` or `postgres://…`.
    #[arg(long, global = true)]
    pub database: Option<String>,
    /// Queue: `sqlite:PATH`, `redis://…` or `rediss://…`.
    #[arg(long, global = true)]
    pub queue: Option<String>,
    /// Who acts, for the audit log; by default HUILIU_ACTOR, or user and host.
    #[arg(long, global = true, value_name = "NAME", value_parser = parse_actor)]
    pub actor: Option<String>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run all of Huiliu against the sandbox's platforms.
    Demo {
        /// Number of raw records, 1,000 to 3,000,000.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1_000..=3_000_000))]
        records: u64,
        /// Seed of the generated people and records.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Ignore the cursors and read everything again.
        #[arg(long)]
        full: bool,
        /// Percentage of the records that come in a newer version.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
        changed: u8,
        /// The platforms make no faults, for measurements.
        #[arg(long)]
        calm: bool,
    },
    /// Read sources and deliver what they give.
    Sync {
        /// Names of the sources.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        source: Vec<String>,
        /// Read every source.
        #[arg(long)]
        all: bool,
        /// Ignore the cursors and read everything again.
        #[arg(long)]
        full: bool,
        /// Read only what has changed since this day, YYYY-MM-DD, where the platform can tell.
        #[arg(long, conflicts_with = "full", value_name = "DATE", value_parser = parse_day)]
        since: Option<NaiveDate>,
        /// Read nothing that changed after this day; the cursor stays where it is.
        #[arg(long, requires = "since", value_name = "DATE", value_parser = parse_day)]
        until: Option<NaiveDate>,
        /// Only receive; worker processes deliver.
        #[arg(long)]
        land_only: bool,
    },
    /// Upload files of a source and deliver what is in them.
    Upload {
        /// Name of the source.
        source: String,
        /// Files to upload, taken in this order.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Stream the files belong to, where the connector has several.
        #[arg(long)]
        stream: Option<String>,
        /// Only receive; worker processes deliver.
        #[arg(long)]
        land_only: bool,
        /// Only say what would happen; nothing is kept.
        #[arg(long, conflicts_with = "land_only")]
        plan: bool,
        /// Show every teacher and every dead letter of the plan.
        #[arg(long, requires = "plan", conflicts_with = "limit")]
        all: bool,
        /// Show at most this many teachers, and dead letters, of a plan.
        #[arg(long, value_name = "N", requires = "plan")]
        limit: Option<usize>,
    },
    /// Accept payloads that platforms push over HTTP, until stopped.
    Receive {
        /// Address to listen at; TLS is left to the proxy in front of it.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8701")]
        listen: std::net::SocketAddr,
    },
    /// Show and change cursors: where each stream is read from next.
    #[command(subcommand)]
    Cursors(Cursors),
    /// Deliver, settle and sweep until stopped.
    Worker {
        /// Exit when nothing is due any more.
        #[arg(long)]
        until_done: bool,
    },
    /// Show when each source is read automatically.
    #[command(subcommand)]
    Schedules(Schedules),
    /// Ask the running worker whether it is ready.
    Health,
    /// Copy the embedded database, while it is in use, into a folder.
    Backup { folder: PathBuf },
    /// Replace the embedded database with a backup; the replaced file is kept.
    Restore {
        /// A backup that `backup` wrote.
        #[arg(value_name = "FILE")]
        backup: PathBuf,
        /// Replace the database that is there.
        #[arg(long)]
        overwrite: bool,
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Manage the key file.
    #[command(subcommand)]
    Keys(KeyCommands),
    /// Bring the database's schema up to this version.
    Migrate,
    /// Show sync runs.
    #[command(subcommand)]
    Runs(Listing),
    /// Check that every record received has exactly one outcome, in the sums and batch by batch.
    Balance {
        /// Check only this run.
        #[arg(long)]
        run: Option<i64>,
    },
    /// Check that every entry of the ledger is what rules, decisions and records give.
    Verify {
        /// Check only this teacher.
        #[arg(long, value_name = "N")]
        teacher: Option<i64>,
    },
    /// Show everything that waits for a person: failed syncs, held batches, dead letters, disputed records, identities, approvals.
    Inbox,
    /// What people were told of failed syncs, held batches and many dead letters; and whether the channels work.
    #[command(subcommand)]
    Notifications(Notifications),
    /// Dead letters, which are records that could not be used, with every reason: list, accept, discard and close them.
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// Corrections: values that people put in the place of those received.
    #[command(subcommand)]
    Corrections(Corrections),
    /// Records that are not in the newest whole of their stream: list them, and decide whether they count.
    #[command(subcommand)]
    Missing(MissingRecords),
    /// The files of a source: which were seen, and what became of each.
    #[command(subcommand)]
    Files(Files),
    /// Payloads that could not be decoded: list them, decode them again, or dismiss them.
    #[command(subcommand)]
    Payloads(Payloads),
    /// Show and release batches that are not finished.
    #[command(subcommand)]
    Batches(Batches),
    /// Process dead letters again with the current manifests and rules: plan first, then apply.
    #[command(subcommand)]
    Replay(Replays),
    /// Show the audit log: who decided what.
    Audit {
        /// Only check the whole log, and its end against those that were kept outside the database.
        #[arg(long)]
        verify: bool,
        #[command(flatten)]
        of: AuditFilterArgs,
        #[command(flatten)]
        span: PageArgs,
    },
    /// Show training records.
    #[command(subcommand)]
    Records(Records),
    /// Show teachers and their ledgers.
    #[command(subcommand)]
    Teachers(Teachers),
    /// Show and check rule packs: conversions, gates, caps, grades, duplicates, each with its source.
    #[command(subcommand)]
    Rules(Rules),
    /// Crosswalk of courses: which courses of the programmes are the same.
    #[command(subcommand)]
    Courses(Courses),
    /// Decisions about credit, and how to undo them.
    #[command(subcommand)]
    Decisions(Decisions),
    /// Which teacher a record belongs to: claims that wait for a person, and decisions about them.
    #[command(subcommand)]
    Identity(Identity),
    /// Show the teachers in the roster.
    #[command(subcommand)]
    Roster(Roster),
    /// Show the schools of the roster.
    #[command(subcommand)]
    Schools(Schools),
    /// Show regions: who reports to whom.
    #[command(subcommand)]
    Regions(RegionCommands),
    /// Show, write and manage connectors.
    #[command(subcommand)]
    Connectors(Connectors),
    /// Show and manage sources: those in the settings and those registered at run time.
    #[command(subcommand)]
    Sources(Sources),
    /// Passwords and keys of sources, sealed in the store; a value is never shown.
    #[command(subcommand)]
    Secrets(Secrets),
    /// Match people across two tables, or find duplicates in one: scored pairs and clusters. `--config` says what the
    /// columns mean; see docs/matching.md.
    Match {
        /// The first table, with a header.
        #[arg(value_name = "A.csv")]
        left: PathBuf,
        /// The table to search for these people.
        #[arg(value_name = "B.csv")]
        right: Option<PathBuf>,
    },
    /// Check settings, sources, database, queue and key.
    Doctor,
    /// Print the completions for a shell: commands, options and their values.
    Completions { shell: clap_complete::Shell },
    /// Write a man page for each command into a folder.
    Man {
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Print docs/cli.md.
    #[command(hide = true)]
    CliPage,
    #[command(hide = true)]
    DeliverAlone { batch: i64 },
    #[command(hide = true)]
    Ledger,
    #[command(hide = true)]
    Unpack,
}

impl From<PageArgs> for huiliu_engine::operations::Span {
    fn from(PageArgs { limit, after }: PageArgs) -> Self {
        Self { after, limit }
    }
}

/// Selects a part of a listing.
#[derive(Debug, Clone, Copy, Args)]
pub struct PageArgs {
    /// List at most this many.
    #[arg(long, default_value_t = 50)]
    pub limit: i64,
    /// List only those after this number; for `runs list`, only those older than it.
    #[arg(long, default_value_t = 0)]
    pub after: i64,
}

/// Filters a listing by source and connector. All given filters must match.
#[derive(Debug, Clone, Default, Args)]
pub struct SourceFilterArgs {
    /// List only those of this source.
    #[arg(long)]
    pub source: Option<String>,
    /// List only those of sources with this connector.
    #[arg(long)]
    pub connector: Option<String>,
}

impl SourceFilterArgs {
    /// Returns the filter in the form that operations take.
    pub fn into_row_filter(self, run: Option<i64>) -> RowFilter {
        RowFilter { source: self.source, connector: self.connector, run, ..RowFilter::default() }
    }
}

/// Filters entries of the audit log. All given filters must match.
#[derive(Debug, Clone, Default, Args)]
pub struct AuditFilterArgs {
    /// List only what this actor did.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// List only entries with this action, such as `replay.apply`, or `replay` for all of its kind.
    #[arg(long)]
    pub action: Option<String>,
    /// List only entries about this subject, such as "dead letter 7", or "dead letter" for all of its kind.
    #[arg(long)]
    pub subject: Option<String>,
    /// List only entries with this text in their detail, such as a part of a reason.
    #[arg(long)]
    pub text: Option<String>,
    /// List only what was done on this day or later, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub since: Option<NaiveDate>,
    /// List only what was done on this day or earlier, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub until: Option<NaiveDate>,
}

#[derive(Debug, Subcommand)]
pub enum Records {
    /// List training records.
    List {
        #[command(flatten)]
        of: SourceFilterArgs,
        /// List only those of which two contents came as the same version.
        #[arg(long)]
        flagged: bool,
        /// List only those that their source has taken back.
        #[arg(long, conflicts_with = "disputed")]
        withdrawn: bool,
        /// List only those of which a newer version was parked or left out.
        #[arg(long)]
        disputed: bool,
        #[command(flatten)]
        span: PageArgs,
    },
    /// Show one training record.
    Show { id: i64 },
}

#[derive(Debug, Subcommand)]
pub enum Listing {
    /// List runs.
    List {
        #[command(flatten)]
        of: SourceFilterArgs,
        #[command(flatten)]
        span: PageArgs,
    },
    /// Show one run.
    Show { id: i64 },
}

#[derive(Debug, Subcommand)]
pub enum Batches {
    /// List the batches that are not finished.
    List {
        /// List only those set aside because their process ended unexpectedly.
        #[arg(long)]
        quarantined: bool,
        #[command(flatten)]
        of: SourceFilterArgs,
        /// List only batches of this sync run.
        #[arg(long)]
        run: Option<i64>,
        #[command(flatten)]
        span: PageArgs,
    },
    /// Release a quarantined batch, so that it is delivered again.
    Release {
        id: i64,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Replays {
    /// Plan a replay: note what would change, record by record and teacher by teacher, and change nothing.
    Plan {
        #[command(flatten)]
        matching: Box<DeadLetterFilterArgs>,
        /// Instead of dead letters, read the records again that are stored already, after a manifest or the rules were corrected.
        #[arg(long)]
        stored: bool,
        /// Show every raw record and every teacher.
        #[arg(long)]
        all: bool,
    },
    /// Approve a plan of somebody else that needs a second person.
    Approve {
        id: i64,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
    /// Apply a plan, if all of it still holds. One that was interrupted goes on.
    Apply { id: i64 },
    /// Close a plan that is not to be applied. Steps that were applied stay so.
    Close {
        id: i64,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
    /// Plan to take an applied replay back. The plan is then applied like any other.
    Undo {
        id: i64,
        /// Show every raw record and every teacher.
        #[arg(long)]
        all: bool,
    },
    /// List the replays by number.
    List(PageArgs),
    /// Show a replay with its raw records and teachers.
    Show {
        id: i64,
        /// Show every raw record and every teacher.
        #[arg(long, conflicts_with = "limit")]
        all: bool,
        /// Show at most this many raw records, and teachers.
        #[arg(long, value_name = "N")]
        limit: Option<i64>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Notifications {
    /// List what people were told, the newest first, and what is still to be sent.
    List {
        /// List at most this many.
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: i64,
        /// List only those before this number.
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        before: i64,
    },
    /// Send a test over every channel of the settings.
    Test,
}

#[derive(Debug, Subcommand)]
pub enum Schedules {
    /// List each source's schedule, next sync and last sync.
    List,
}

#[derive(Debug, Subcommand)]
pub enum Cursors {
    /// List the cursor of each stream.
    List {
        /// List only cursors of this source.
        source: Option<String>,
    },
    /// Set a cursor, written as `cursors list` shows it.
    Set {
        source: String,
        stream: String,
        /// The cursor: a JSON object, such as {"since":"2014-09-01"}.
        #[arg(long, value_name = "CURSOR")]
        to: String,
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Forget the cursor: the stream, or every stream of the source, is read from the beginning.
    Reset {
        source: String,
        stream: Option<String>,
        #[command(flatten)]
        why: ReasonArgs,
    },
}

#[derive(Debug, Subcommand)]
pub enum KeyCommands {
    /// Seal everything again under a new key; the old key then opens nothing.
    Rotate,
}

/// An optional reason.
#[derive(Debug, Clone, Args)]
pub struct ReasonArgs {
    /// Why, for the audit log.
    #[arg(long, value_parser = parse_reason)]
    pub because: Option<String>,
}

fn parse_day(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| label("cli-mistake-day").to_owned())
}

fn parse_actor(text: &str) -> Result<String, String> {
    const MAX_ACTOR: usize = 100;
    let name = text.trim();
    if name.is_empty() || name.chars().count() > MAX_ACTOR || name.chars().any(char::is_control) {
        return Err(sentence!("cli-mistake-actor", most = MAX_ACTOR));
    }
    Ok(name.to_owned())
}

fn parse_reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err(label("cli-mistake-why").to_owned()) } else { Ok(text.to_owned()) }
}
