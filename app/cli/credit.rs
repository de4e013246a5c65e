//! What is asked about teachers, rules, courses, decisions and the roster.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use huiliu_values::Grade;

use super::{Span, day, reason};

#[derive(Debug, Subcommand)]
pub enum Rules {
    /// The packs in use. 正在使用的规则包
    List,
    /// Every rule, on what it rests and where it is written. 每条规则及其依据
    Show {
        /// Only of this pack. 仅此规则包
        pack: Option<String>,
    },
    /// What the documents leave open, what may be chosen, and what is. 文件未定之处与所作选择
    Settings,
    /// Check rule packs, without using them. 检查规则包文件
    Check {
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// A crosswalk of courses to go with them. 课程对照文件
        #[arg(long)]
        courses: Option<PathBuf>,
    },
    /// Whose hours other rules would change. Each side: `current`, or files with commas between. 比较两套规则对学时的影响
    Diff {
        before: String,
        after: String,
        /// Show at most this many teachers. 最多显示教师数
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
}

#[derive(Debug, Subcommand)]
pub enum Courses {
    /// Canonical courses. 标准课程
    List,
    /// Courses of sources that the crosswalk does not know, with suggestions by title. 未对照的课程及建议
    Unknown,
    /// Decide that a code of a connector is a canonical course, or `none`. 决定某代码对应的标准课程
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
    /// Why, for the ledger and the audit log. 理由
    #[arg(long, value_parser = reason)]
    pub because: String,
    /// Only say whose hours would change. 仅显示影响，不作改动
    #[arg(long)]
    pub plan: bool,
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
    /// List. 列表
    List {
        /// Only about this teacher. 仅此教师
        #[arg(long)]
        teacher: Option<i64>,
        #[command(flatten)]
        span: Span,
    },
    /// Take a record's certificate back, as for training by proxy: its hours count no more. 撤销证书（如由他人代培）
    Revoke {
        record: i64,
        #[command(flatten)]
        mode: Decided,
    },
    /// Set the grade of a record, a school's after an appeal or an institution's. 改定等次（如申诉后）
    Grade {
        record: i64,
        grade: DecidedGrade,
        #[command(flatten)]
        mode: Decided,
    },
    /// Of several records of one course, let this one count. 同一课程的多条记录中以此条为准
    Keep {
        record: i64,
        #[command(flatten)]
        mode: Decided,
    },
    /// Take a decision back. 撤回决定
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
    /// How many claims are whose. 概况
    Status,
    /// The claims that wait, with who may be meant. 待认定的声明及候选人
    Queue {
        #[arg(long, value_enum, default_value = "potential")]
        state: Kept,
        #[command(flatten)]
        span: Span,
    },
    /// All that is known of a claim, numbers masked. 查看一项声明
    Show { claim: i64 },
    /// Decide that a claim is a teacher's. 认定为某教师
    Accept {
        claim: i64,
        teacher: i64,
        #[command(flatten)]
        mode: Decided,
    },
    /// Decide that a claim is not a teacher's. 认定不是某教师
    Reject {
        claim: i64,
        teacher: i64,
        #[command(flatten)]
        mode: Decided,
    },
    /// Decide that a provisional teacher is another teacher: numbers and records go there. 将暂存教师并入另一教师
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
    /// `-` to read an ID number from standard input. 查看一名教师
    Show {
        teacher: String,
        /// As of this day, YYYY-MM-DD; today without it. 截至此日
        #[arg(long, value_name = "DATE", value_parser = day)]
        on: Option<NaiveDate>,
    },
    /// How many teachers and schools there are, and which rows wait and why. 名册概况
    Status,
}

#[derive(Debug, Subcommand)]
pub enum Schools {
    /// List. 列表
    List {
        /// At most this many. 最多条数
        #[arg(long, default_value_t = 50)]
        limit: i64,
        /// Only after this code. 起始标识码
        #[arg(long, default_value = "")]
        after: String,
    },
    /// Show one with its names. 查看一所学校
    Show {
        code: String,
        /// As of this day, YYYY-MM-DD; today without it. 截至此日
        #[arg(long, value_name = "DATE", value_parser = day)]
        on: Option<NaiveDate>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Tree {
    /// List. 列表
    List {
        /// As of this day, YYYY-MM-DD; today without it. 截至此日
        #[arg(long, value_name = "DATE", value_parser = day)]
        on: Option<NaiveDate>,
    },
    /// Every row of a code; with a day, to whom it reports then. 查看一个代码；给出日期时显示当日的逐级上报
    Show {
        code: String,
        /// On this day, YYYY-MM-DD. 此日
        #[arg(long, value_name = "DATE", value_parser = day)]
        on: Option<NaiveDate>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Teachers {
    /// The hours of all teachers by cycle: what they rest on, and how many have enough. 全体教师学时合计
    Totals {
        /// The day up to which years are counted, where a rule pack asks for hours in any so many; today. 截至日期
        #[arg(long, value_name = "DATE", value_parser = day)]
        on: Option<NaiveDate>,
    },
    /// Explain every hour counted or refused. TEACHER is a teacher's number, or `-` to read an ID number from standard input.
    /// 解释每一学时的认定；身份证号只从标准输入读取
    Explain {
        teacher: String,
        /// And the raw record of each, out of the payload as it was received; ID numbers masked. 并显示原始记录
        #[arg(long)]
        raw: bool,
        /// The day up to which years are counted; today. 截至日期
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
