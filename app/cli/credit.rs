//! What is asked about teachers, rules, courses, decisions and the roster.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use huiliu_values::Grade;

use super::{Span, day, reason};

#[derive(Debug, Subcommand)]
pub enum Rules {
    /// The packs in use.
    List,
    /// Every rule, on what it rests and where it is written.
    Show {
        /// Only of this pack.
        pack: Option<String>,
    },
    /// What the documents leave open, what may be chosen, and what is.
    Settings,
    /// Check rule packs, without using them.
    Check {
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// A crosswalk of courses to go with them.
        #[arg(long)]
        courses: Option<PathBuf>,
    },
    /// Whose hours other rules would change. Each side: `current`, or files with commas between.
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

#[derive(Debug, Subcommand)]
pub enum Courses {
    /// Canonical courses.
    List,
    /// Courses of sources that the crosswalk does not know, with suggestions by title.
    Unknown,
    /// Decide that a code of a connector is a canonical course, or `none`.
    Equate {
        connector: String,
        code: String,
        course: String,
        #[command(flatten)]
        mode: Decided,
    },
}

/// How a decision is taken.
#[derive(Debug, Clone, Args)]
pub struct Decided {
    /// Why, for the ledger and the audit log.
    #[arg(long, value_parser = reason)]
    pub because: String,
    /// Only say whose hours would change.
    #[arg(long)]
    pub plan: bool,
    /// Show every teacher.
    #[arg(long)]
    pub all: bool,
}

/// A grade that is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DecidedGrade {
    Excellent,
    Pass,
    Fail,
}

#[derive(Debug, Subcommand)]
pub enum Decisions {
    /// List.
    List {
        /// Only about this teacher.
        #[arg(long)]
        teacher: Option<i64>,
        #[command(flatten)]
        span: Span,
    },
    /// Take a record's certificate back, as for training by proxy: its hours count no more.
    Revoke {
        record: i64,
        #[command(flatten)]
        mode: Decided,
    },
    /// Set the grade of a record, a school's after an appeal or an institution's.
    Grade {
        record: i64,
        grade: DecidedGrade,
        #[command(flatten)]
        mode: Decided,
    },
    /// Of several records of one course, let this one count.
    Keep {
        record: i64,
        #[command(flatten)]
        mode: Decided,
    },
    /// Take a decision back.
    Undo {
        decision: i64,
        #[command(flatten)]
        mode: Decided,
    },
}

/// Which claims are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kept {
    /// Somebody may be meant; a person decides.
    Potential,
    /// Nobody known can be meant; they wait for the roster.
    None,
    /// The ID number is a teacher's, and the name contradicts.
    Contradicting,
}

#[derive(Debug, Subcommand)]
pub enum Identity {
    /// How many claims are whose.
    Status,
    /// The claims that wait, with who may be meant.
    Queue {
        #[arg(long, value_enum, default_value = "potential")]
        state: Kept,
        #[command(flatten)]
        span: Span,
    },
    /// All that is known of a claim, numbers masked.
    Show { claim: i64 },
    /// Decide that a claim is a teacher's.
    Accept {
        claim: i64,
        teacher: i64,
        #[command(flatten)]
        mode: Decided,
    },
    /// Decide that a claim is not a teacher's.
    Reject {
        claim: i64,
        teacher: i64,
        #[command(flatten)]
        mode: Decided,
    },
    /// Decide that a provisional teacher is another teacher: numbers and records go there.
    Merge {
        from: i64,
        into: i64,
        #[command(flatten)]
        mode: Decided,
    },
}

#[derive(Debug, Subcommand)]
pub enum Roster {
    /// Show a teacher: identifiers (masked), memberships, age exemption, reporting chain. TEACHER is a teacher's number, or
    /// `-` to read an ID number from standard input.
    Show {
        teacher: String,
        /// As of this day, YYYY-MM-DD; today without it.
        #[arg(long, value_name = "DATE", value_parser = day)]
        on: Option<NaiveDate>,
    },
    /// How many teachers and schools there are, and which rows wait and why.
    Status,
}

#[derive(Debug, Subcommand)]
pub enum Schools {
    /// List.
    List {
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: i64,
        /// Only after this code.
        #[arg(long, default_value = "")]
        after: String,
    },
    /// Show one with its names.
    Show {
        code: String,
        /// As of this day, YYYY-MM-DD; today without it.
        #[arg(long, value_name = "DATE", value_parser = day)]
        on: Option<NaiveDate>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Tree {
    /// List.
    List {
        /// As of this day, YYYY-MM-DD; today without it.
        #[arg(long, value_name = "DATE", value_parser = day)]
        on: Option<NaiveDate>,
    },
    /// Every row of a code; with a day, to whom it reports then.
    Show {
        code: String,
        /// On this day, YYYY-MM-DD.
        #[arg(long, value_name = "DATE", value_parser = day)]
        on: Option<NaiveDate>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Teachers {
    /// The hours of all teachers by cycle: what they rest on, and how many have enough.
    Totals {
        /// The day up to which years are counted, where a rule pack asks for hours in any so many; today.
        #[arg(long, value_name = "DATE", value_parser = day)]
        on: Option<NaiveDate>,
    },
    /// Explain every hour counted or refused. TEACHER is a teacher's number, or `-` to read an ID number from standard input.
    Explain {
        teacher: String,
        /// And the raw record of each, out of the payload as it was received; ID numbers masked.
        #[arg(long)]
        raw: bool,
        /// The day up to which years are counted; today.
        #[arg(long, value_name = "DATE", value_parser = day)]
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
