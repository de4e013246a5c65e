//! Commands about teachers, rules, courses, decisions, identity and the roster.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use huiliu_values::Grade;

use super::{PageArgs, parse_day, parse_reason};

#[derive(Debug, Subcommand)]
pub enum Rules {
    /// List the rule packs in force.
    List,
    /// List every rule, what it rests on, and where it is written.
    Show {
        /// List only the rules of this pack.
        pack: Option<String>,
    },
    /// List what the documents leave open, the possible choices, and the current one.
    Settings,
    /// Check rule packs, without using them.
    Check {
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The crosswalk of courses to check them with.
        #[arg(long)]
        courses: Option<PathBuf>,
    },
    /// Check files of rules, register them as new versions and put them into force.
    Register {
        /// Rule packs, a crosswalk, matching weights or regions.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Only register them; `rules activate` puts them into force.
        #[arg(long)]
        no_activate: bool,
        #[command(flatten)]
        how: RuleChangeArgs,
    },
    /// Put registered versions into force, all at once.
    Activate {
        /// A name and its version, then further names with theirs.
        #[arg(required = true, num_args = 2.., value_name = "NAME VERSION")]
        versions: Vec<String>,
        #[command(flatten)]
        how: RuleChangeArgs,
    },
    /// Go back to the rules before the last activation; with a name, to the version of it before the last change.
    Rollback {
        /// Name of a rule pack, or `courses`, `matching`, `regions`.
        name: Option<String>,
        #[command(flatten)]
        how: RuleChangeArgs,
    },
    /// Take a rule pack out of force; its versions stay registered.
    Retire {
        /// Name of the rule pack.
        name: String,
        #[command(flatten)]
        how: RuleChangeArgs,
    },
    /// List the registered versions of all rules, and which are in force.
    Versions {
        /// List only the versions of this one.
        name: Option<String>,
    },
    /// Show which teachers' hours other rules would change. Each side is `current`, or files separated by commas.
    Diff {
        before: String,
        after: String,
        /// Show every teacher.
        #[arg(long, conflicts_with = "limit")]
        all: bool,
        /// Show at most this many teachers.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
}

/// Options of every command that changes the rules in force.
#[derive(Debug, Clone, Args)]
pub struct RuleChangeArgs {
    /// Why, for the audit log.
    #[arg(long, value_parser = parse_reason)]
    pub because: String,
    /// Only say whose hours would change.
    #[arg(long)]
    pub plan: bool,
    /// Refuse if the rules in force are not those of this activation, which a plan names.
    #[arg(long, value_name = "ACTIVATION")]
    pub planned_on: Option<i64>,
    /// Show every teacher.
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// Show at most this many teachers.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

#[derive(Debug, Subcommand)]
pub enum Courses {
    /// List the canonical courses.
    List,
    /// List the courses of sources that the crosswalk does not know, with suggestions by title.
    Unknown,
    /// Decide which canonical course a connector's code stands for, or `none`.
    Equate {
        connector: String,
        code: String,
        course: String,
        #[command(flatten)]
        mode: DecisionArgs,
    },
}

/// Options of every command that makes a decision.
#[derive(Debug, Clone, Args)]
pub struct DecisionArgs {
    /// Why, for the ledger and the audit log.
    #[arg(long, value_parser = parse_reason)]
    pub because: String,
    /// Only say whose hours would change.
    #[arg(long)]
    pub plan: bool,
    /// Show every teacher.
    #[arg(long)]
    pub all: bool,
}

/// The grade that `decisions grade` sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DecidedGrade {
    Excellent,
    Pass,
    Fail,
}

#[derive(Debug, Subcommand)]
pub enum Decisions {
    /// List the decisions, oldest first.
    List {
        /// List only decisions about this teacher.
        #[arg(long)]
        teacher: Option<i64>,
        #[command(flatten)]
        span: PageArgs,
    },
    /// Revoke a record's certificate, for example for training by proxy: its hours no longer count.
    Revoke {
        record: i64,
        #[command(flatten)]
        mode: DecisionArgs,
    },
    /// Set the grade of a record: a school's, after an appeal, or an institution's.
    Grade {
        record: i64,
        grade: DecidedGrade,
        #[command(flatten)]
        mode: DecisionArgs,
    },
    /// Let this record count, of several for the same course.
    Keep {
        record: i64,
        #[command(flatten)]
        mode: DecisionArgs,
    },
    /// Undo a decision.
    Undo {
        decision: i64,
        #[command(flatten)]
        mode: DecisionArgs,
    },
}

/// Which claims `identity queue` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum QueueState {
    // Some teacher may be meant; a person decides.
    Potential,
    // No known teacher can be meant; the claim waits for the roster.
    None,
    // The ID number is a teacher's, and the name contradicts.
    Contradicting,
}

#[derive(Debug, Subcommand)]
pub enum Identity {
    /// Show how many claims are in each state.
    Status,
    /// List the claims that wait for a decision, with their candidates.
    Queue {
        #[arg(long, value_enum, default_value = "potential")]
        state: QueueState,
        #[command(flatten)]
        span: PageArgs,
    },
    /// Show everything known about a claim, with numbers masked.
    Show { claim: i64 },
    /// Decide that a claim belongs to a teacher.
    Accept {
        claim: i64,
        teacher: i64,
        #[command(flatten)]
        mode: DecisionArgs,
    },
    /// Decide that a claim does not belong to a teacher.
    Reject {
        claim: i64,
        teacher: i64,
        #[command(flatten)]
        mode: DecisionArgs,
    },
    /// Decide that a provisional teacher is the same person as another teacher, who takes over the numbers and records.
    Merge {
        from: i64,
        into: i64,
        #[command(flatten)]
        mode: DecisionArgs,
    },
}

#[derive(Debug, Subcommand)]
pub enum Roster {
    /// Show a teacher: identifiers (masked), memberships, age exemption, reporting chain. TEACHER is a teacher's number, or
    /// `-` to read an ID number from standard input.
    Show {
        teacher: String,
        /// As of this day, YYYY-MM-DD; today without it.
        #[arg(long, value_name = "DATE", value_parser = parse_day)]
        on: Option<NaiveDate>,
    },
    /// Show how many teachers and schools there are, and which rows wait and why.
    Status,
}

#[derive(Debug, Subcommand)]
pub enum Schools {
    /// List the schools by code.
    List {
        /// List at most this many.
        #[arg(long, default_value_t = 50)]
        limit: i64,
        /// List only those after this code.
        #[arg(long, default_value = "")]
        after: String,
    },
    /// Show a school with its names.
    Show {
        code: String,
        /// As of this day, YYYY-MM-DD; today without it.
        #[arg(long, value_name = "DATE", value_parser = parse_day)]
        on: Option<NaiveDate>,
    },
}

#[derive(Debug, Subcommand)]
pub enum RegionCommands {
    /// List the regions of a day, and to whom each reports.
    List {
        /// As of this day, YYYY-MM-DD; today without it.
        #[arg(long, value_name = "DATE", value_parser = parse_day)]
        on: Option<NaiveDate>,
    },
    /// Show every row of a code; with a day, the regions it reports to on that day.
    Show {
        code: String,
        /// On this day, YYYY-MM-DD.
        #[arg(long, value_name = "DATE", value_parser = parse_day)]
        on: Option<NaiveDate>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Teachers {
    /// Show the hours of all teachers by cycle: what they rest on, and how many have enough.
    Totals {
        /// The day up to which years are counted, where a rule pack requires hours in any period of so many years; by
        /// default today.
        #[arg(long, value_name = "DATE", value_parser = parse_day)]
        on: Option<NaiveDate>,
    },
    /// Explain every hour counted or refused. TEACHER is a teacher's number, or `-` to read an ID number from standard input.
    Explain {
        teacher: String,
        /// Also show the raw record of each, from the payload as it was received; ID numbers are masked.
        #[arg(long)]
        raw: bool,
        /// The day up to which years are counted; by default today.
        #[arg(long, value_name = "DATE", value_parser = parse_day)]
        on: Option<NaiveDate>,
    },
}

impl From<DecidedGrade> for Grade {
    fn from(grade: DecidedGrade) -> Self {
        match grade {
            DecidedGrade::Excellent => Self::Excellent,
            DecidedGrade::Pass => Self::Pass,
            DecidedGrade::Fail => Self::Fail,
        }
    }
}
