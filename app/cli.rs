//! The command line.

mod credit;
pub mod examples;
pub mod help;
pub mod mistake;
mod sources;

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};
use huiliu_store::admin::filter::RowFilter;

use crate::words::{label, sentence};

pub use credit::{Courses, Decided, Decisions, Identity, Kept, Roster, Rules, Schools, Teachers, Tree};
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
    /// Settings file; see config/default.toml.
    #[arg(long, global = true, env = "HUILIU_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where the embedded files live.
    #[arg(long, global = true)]
    pub data_dir: Option<PathBuf>,
    /// sqlite:PATH or postgres://…
    #[arg(long, global = true)]
    pub database: Option<String>,
    /// sqlite:PATH, redis://… or rediss://…
    #[arg(long, global = true)]
    pub queue: Option<String>,
    /// Who acts, for the audit log; else HUILIU_ACTOR, or user and host.
    #[arg(long, global = true, value_name = "NAME", value_parser = actor)]
    pub actor: Option<String>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole way against the sandbox's platforms.
    Demo {
        /// Raw records, 1,000 to 3,000,000.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1_000..=3_000_000))]
        records: u64,
        /// Seed of the generated people and records.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Ignore the cursors and read everything again.
        #[arg(long)]
        full: bool,
        /// Per cent of the records that come in a newer version.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
        changed: u8,
        /// Platforms without faults, for measurements.
        #[arg(long)]
        calm: bool,
    },
    /// Read sources and deliver what they give.
    Sync {
        /// Names of sources in the settings.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        source: Vec<String>,
        /// Every source.
        #[arg(long)]
        all: bool,
        /// Ignore the cursors.
        #[arg(long)]
        full: bool,
        /// Only what has changed since this day, YYYY-MM-DD, where the platform can tell.
        #[arg(long, conflicts_with = "full", value_name = "DATE", value_parser = day)]
        since: Option<NaiveDate>,
        /// And nothing after this day; the cursor stays where it is.
        #[arg(long, requires = "since", value_name = "DATE", value_parser = day)]
        until: Option<NaiveDate>,
        /// Land only; worker processes deliver.
        #[arg(long)]
        land_only: bool,
    },
    /// Hand in files of a source, deliver what is in them.
    Upload {
        /// Name of the source.
        source: String,
        /// Taken in this order.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Stream they belong to, where the connector has several.
        #[arg(long)]
        stream: Option<String>,
        /// Land only; worker processes deliver.
        #[arg(long)]
        land_only: bool,
        /// Only say what would happen; nothing is kept.
        #[arg(long, conflicts_with = "land_only")]
        plan: bool,
        /// Show every teacher and every dead letter of a plan.
        #[arg(long, requires = "plan", conflicts_with = "limit")]
        all: bool,
        /// Teachers, and dead letters, told of a plan.
        #[arg(long, value_name = "N", requires = "plan")]
        limit: Option<usize>,
    },
    /// Take payloads that platforms hand in over HTTP, until told to stop.
    Receive {
        /// Address to listen at; TLS is for the proxy before it.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8701")]
        listen: std::net::SocketAddr,
    },
    /// From where each stream is read next.
    #[command(subcommand)]
    Cursors(Cursors),
    /// Deliver, settle and sweep until told to stop.
    Worker {
        /// End when nothing is due any more.
        #[arg(long)]
        until_done: bool,
    },
    /// When each source is read by itself.
    #[command(subcommand)]
    Schedules(Schedules),
    /// Ask the running worker whether it is ready.
    Health,
    /// Copy the embedded database, while it is in use, into a folder.
    Backup { folder: PathBuf },
    /// Put a backup in the place of the embedded database; the file it replaces is kept.
    Restore {
        /// A backup, as `backup` wrote it.
        #[arg(value_name = "FILE")]
        backup: PathBuf,
        /// Replace the database that is there.
        #[arg(long)]
        overwrite: bool,
        #[command(flatten)]
        why: Why,
    },
    /// The key file.
    #[command(subcommand)]
    Keys(KeyWork),
    /// Bring the database's schema up to this version.
    Migrate,
    /// Sync runs.
    #[command(subcommand)]
    Runs(Listing),
    /// The books: does every record received have one outcome?
    Balance {
        /// Only this run.
        #[arg(long)]
        run: Option<i64>,
    },
    /// What could not be used, with every reason.
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// Batches that are not done.
    #[command(subcommand)]
    Batches(Batches),
    /// Dead letters through today's manifests and rules: the plan first.
    #[command(subcommand)]
    Replay(Replays),
    /// Who decided what.
    Audit {
        #[command(flatten)]
        of: Entries,
        #[command(flatten)]
        span: Span,
    },
    /// Training records.
    #[command(subcommand)]
    Records(Listing),
    /// Teachers and their ledgers.
    #[command(subcommand)]
    Teachers(Teachers),
    /// Rule packs: conversions, gates, caps, grades, duplicates, each with its source.
    #[command(subcommand)]
    Rules(Rules),
    /// Which courses of the programmes are the same.
    #[command(subcommand)]
    Courses(Courses),
    /// What people decided about credit, and how it is taken back.
    #[command(subcommand)]
    Decisions(Decisions),
    /// Whose records are whose: claims that wait for somebody, and what is decided about them.
    #[command(subcommand)]
    Identity(Identity),
    /// Teachers as the roster has them.
    #[command(subcommand)]
    Roster(Roster),
    /// Schools of the roster.
    #[command(subcommand)]
    Schools(Schools),
    /// Who reports to whom.
    #[command(subcommand)]
    Regions(Tree),
    /// Connectors.
    #[command(subcommand)]
    Connectors(Connectors),
    /// Sources, those of the settings and those registered at run time.
    #[command(subcommand)]
    Sources(Sources),
    /// Passwords and keys of sources, sealed in the store; a value is never shown.
    #[command(subcommand)]
    Secrets(Secrets),
    /// Who in A is who in B, or who in A is there twice: scored pairs and clusters. `--config` says what the columns mean;
    /// see docs/matching.md.
    Match {
        /// A table with a header.
        #[arg(value_name = "A.csv")]
        left: PathBuf,
        /// The table in which its people are looked for.
        #[arg(value_name = "B.csv")]
        right: Option<PathBuf>,
    },
    /// Check settings, sources, database, queue and key.
    Doctor,
    /// Print the completions of a shell: of commands, options and their words.
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

impl From<Span> for huiliu_engine::operations::Span {
    fn from(Span { limit, after }: Span) -> Self {
        Self { after, limit }
    }
}

/// Which part of a listing.
#[derive(Debug, Clone, Copy, Args)]
pub struct Span {
    /// At most this many.
    #[arg(long, default_value_t = 50)]
    pub limit: i64,
    /// Only after this number.
    #[arg(long, default_value_t = 0)]
    pub after: i64,
}

/// Of whom; all of what is given must match.
#[derive(Debug, Clone, Default, Args)]
pub struct Of {
    /// Of this source.
    #[arg(long)]
    pub source: Option<String>,
    /// Of sources with this connector.
    #[arg(long)]
    pub connector: Option<String>,
}

impl Of {
    /// As an operation takes it.
    pub fn filter(self, run: Option<i64>, code: Option<String>) -> RowFilter {
        RowFilter { source: self.source, connector: self.connector, run, code }
    }
}

/// Which entries of the audit log; all of what is given must match.
#[derive(Debug, Clone, Default, Args)]
pub struct Entries {
    /// By this actor.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// With this action, as `replay.apply`, or `replay` for all of them.
    #[arg(long)]
    pub action: Option<String>,
    /// About this subject, as "dead letter 7", or "dead letter" for all of them.
    #[arg(long)]
    pub subject: Option<String>,
    /// On this day or later, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub since: Option<NaiveDate>,
    /// On this day or earlier, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub until: Option<NaiveDate>,
}

#[derive(Debug, Subcommand)]
pub enum Listing {
    /// List.
    List {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        span: Span,
    },
    /// Show one.
    Show { id: i64 },
}

#[derive(Debug, Subcommand)]
pub enum DeadLetters {
    /// List the open ones.
    List {
        #[command(flatten)]
        of: Of,
        /// Seen in this sync run.
        #[arg(long)]
        run: Option<i64>,
        /// With this reason code.
        #[arg(long)]
        code: Option<String>,
        #[command(flatten)]
        span: Span,
    },
    /// Show one.
    Show { id: i64 },
    /// Close one for good: its raw records count as discarded.
    Discard {
        id: i64,
        /// Why, for the audit log.
        #[arg(long, value_parser = reason)]
        because: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Batches {
    /// List.
    List {
        /// Only those set aside because they ended their process.
        #[arg(long)]
        quarantined: bool,
        #[command(flatten)]
        of: Of,
        /// Of this sync run.
        #[arg(long)]
        run: Option<i64>,
        #[command(flatten)]
        span: Span,
    },
    /// Make a quarantined batch due again.
    Release {
        id: i64,
        /// Why, for the audit log.
        #[arg(long, value_parser = reason)]
        because: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Replays {
    /// Write down what would change, record by record and teacher by teacher; changes nothing.
    Plan {
        #[command(flatten)]
        matching: Matching,
        /// Show every raw record and every teacher.
        #[arg(long)]
        all: bool,
    },
    /// Do what a plan says, if all of it still holds.
    Apply { id: i64 },
    /// List.
    List(Span),
    /// Show one with its raw records and teachers.
    Show {
        id: i64,
        /// Show every raw record and every teacher.
        #[arg(long, conflicts_with = "limit")]
        all: bool,
        /// At most this many raw records, and teachers.
        #[arg(long, value_name = "N")]
        limit: Option<i64>,
    },
}

/// Which open dead letters; all of what is given must match.
#[derive(Debug, Clone, Args)]
pub struct Matching {
    /// Of sources with this connector.
    #[arg(long)]
    pub connector: Option<String>,
    /// Of this source.
    #[arg(long)]
    pub source: Option<String>,
    /// With this reason code.
    #[arg(long)]
    pub code: Option<String>,
    /// Seen in this sync run.
    #[arg(long)]
    pub run: Option<i64>,
    /// Last seen on this day or later, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub since: Option<NaiveDate>,
    /// Last seen on this day or earlier, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub until: Option<NaiveDate>,
}

#[derive(Debug, Subcommand)]
pub enum Schedules {
    /// List: schedule, next sync, last sync.
    List,
}

#[derive(Debug, Subcommand)]
pub enum Cursors {
    /// List.
    List {
        /// Only of this source.
        source: Option<String>,
    },
    /// Set one, as `cursors list` shows it.
    Set {
        source: String,
        stream: String,
        /// The cursor: a JSON object, as {"since":"2014-09-01"}.
        #[arg(long, value_name = "CURSOR")]
        to: String,
        #[command(flatten)]
        why: Why,
    },
    /// Forget it: the stream, or every stream of the source, is read from the beginning.
    Reset {
        source: String,
        stream: Option<String>,
        #[command(flatten)]
        why: Why,
    },
}

#[derive(Debug, Subcommand)]
pub enum KeyWork {
    /// Seal everything anew under another key; the old one then opens nothing.
    Rotate,
}

/// What a new connector begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Template {
    HttpJson,
    HttpXml,
    Csv,
    Xlsx,
    Push,
}

#[derive(Debug, Subcommand)]
pub enum Connectors {
    /// List.
    List,
    /// Show a manifest.
    Show { id: String },
    /// Check one manifest alone, or every manifest in use with its samples.
    Check { path: Option<PathBuf> },
    /// Write a connector that passes its own test, to be made one's own.
    New {
        name: String,
        /// What its platform gives.
        #[arg(long, default_value = "http-json")]
        from: Template,
        /// Where to.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Samples against their expected results, then every variant of them.
    Test {
        /// A folder with manifest.toml, samples/ and expected/.
        path: PathBuf,
        /// Write what comes of the samples as what is expected.
        #[arg(long)]
        accept: bool,
    },
    /// Raw record, mapped record and problems, side by side.
    Preview {
        /// A folder with manifest.toml and samples/, or the manifest.
        path: PathBuf,
        #[arg(long)]
        stream: Option<String>,
        /// Another sample than the first.
        #[arg(long, conflicts_with = "source")]
        sample: Option<PathBuf>,
        /// The first page of this source; nothing is stored.
        #[arg(long)]
        source: Option<String>,
        /// Show every record.
        #[arg(long, conflicts_with = "limit")]
        all: bool,
        /// At most so many records.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: Option<u32>,
    },
    /// What may stand at a place of a manifest, as `stream.page`; without one, the whole language.
    Explain {
        #[arg(default_value = "")]
        place: String,
        /// The JSON Schema for editors.
        #[arg(long, conflicts_with = "place")]
        schema: bool,
    },
    /// Guess a manifest from a sample: JSON, XML, CSV, workbook or HTML table.
    Infer {
        /// A file, or a URL.
        sample: String,
        /// Write manifest.toml into this folder.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// The connector's id; else it is made from the sample's name.
        #[arg(long, value_name = "NAME")]
        id: Option<String>,
        /// Keep the sample beside the manifest, people and all.
        #[arg(long, requires = "out")]
        with_sample: bool,
    },
    /// Keep a source's first page, or a file, as a sample, with a generated person in the place of everybody in it.
    Record {
        /// A source.
        #[arg(required_unless_present = "sample", conflicts_with = "sample")]
        source: Option<String>,
        #[arg(long)]
        stream: Option<String>,
        /// A file instead of a source.
        #[arg(long, value_name = "FILE")]
        sample: Option<PathBuf>,
        /// The connector's folder; the sample goes into its samples/.
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
    },
    /// Take a connector through its gate and into use, without a restart.
    Register {
        /// A folder with manifest.toml, samples/ and expected/, or the manifest in it.
        path: PathBuf,
        #[command(flatten)]
        why: Why,
    },
    /// Every version of a connector, and which one is in use.
    Versions { id: String },
    /// Use another version again.
    Rollback {
        id: String,
        /// A version, or `built-in` for the one that comes with the program.
        #[arg(long, value_name = "VERSION")]
        to: String,
        /// Why, for the audit log.
        #[arg(long, value_parser = reason)]
        because: String,
    },
    /// Read its sources again.
    Enable {
        id: String,
        /// Why, for the audit log.
        #[arg(long, value_parser = reason)]
        because: String,
    },
    /// Read its sources no longer; what was received is still delivered.
    Disable {
        id: String,
        /// Why, for the audit log.
        #[arg(long, value_parser = reason)]
        because: String,
    },
}

/// A reason that may be left out.
#[derive(Debug, Clone, Args)]
pub struct Why {
    /// Why, for the audit log.
    #[arg(long, value_parser = reason)]
    pub because: Option<String>,
}

fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| label("cli-mistake-day").to_owned())
}

fn actor(text: &str) -> Result<String, String> {
    const MAX_ACTOR: usize = 100;
    let name = text.trim();
    if name.is_empty() || name.chars().count() > MAX_ACTOR || name.chars().any(char::is_control) {
        return Err(sentence!("cli-mistake-actor", most = MAX_ACTOR));
    }
    Ok(name.to_owned())
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err(label("cli-mistake-why").to_owned()) } else { Ok(text.to_owned()) }
}
