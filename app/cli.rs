//! The command line.

mod credit;
pub mod examples;
mod sources;

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};
use huiliu_store::admin::filter::RowFilter;

pub use credit::{Courses, Decided, Decisions, Identity, Kept, Roster, Rules, Schools, Teachers, Tree};
pub use sources::{Place, Secrets, Sources};

/// Training records of many platforms in, one provable credit ledger per teacher out. 汇流
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
    /// Settings file; see config/default.toml. 设置文件
    #[arg(long, global = true, env = "HUILIU_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where the embedded files live. 内嵌数据文件目录
    #[arg(long, global = true)]
    pub data_dir: Option<PathBuf>,
    /// sqlite:PATH or postgres://… 数据库地址
    #[arg(long, global = true)]
    pub database: Option<String>,
    /// sqlite:PATH, redis://… or rediss://… 队列地址
    #[arg(long, global = true)]
    pub queue: Option<String>,
    /// Who acts, for the audit log; else HUILIU_ACTOR, or user and host. 操作人，记入审计日志
    #[arg(long, global = true, value_name = "NAME", value_parser = actor)]
    pub actor: Option<String>,
    /// Print JSON. 输出 JSON
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole way against the sandbox's platforms. 用模拟平台走完全程
    Demo {
        /// Raw records, 1,000 to 3,000,000. 原始记录数
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1_000..=3_000_000))]
        records: u64,
        /// Seed of the generated people and records. 随机种子
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Ignore the cursors and read everything again. 忽略游标，全部重读
        #[arg(long)]
        full: bool,
        /// Per cent of the records that come in a newer version. 以新版本重发的百分比
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
        changed: u8,
        /// Platforms without faults, for measurements. 平台不制造故障
        #[arg(long)]
        calm: bool,
    },
    /// Read sources and deliver what they give. 同步来源
    Sync {
        /// Names of sources in the settings. 来源名称
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        source: Vec<String>,
        /// Every source. 全部来源
        #[arg(long)]
        all: bool,
        /// Ignore the cursors. 忽略游标
        #[arg(long)]
        full: bool,
        /// Only what has changed since this day, YYYY-MM-DD, where the platform can tell. 仅读取此日以来的变更
        #[arg(long, conflicts_with = "full", value_name = "DATE", value_parser = day)]
        since: Option<NaiveDate>,
        /// And nothing after this day; the cursor stays where it is. 止于此日；游标不变
        #[arg(long, requires = "since", value_name = "DATE", value_parser = day)]
        until: Option<NaiveDate>,
        /// Land only; worker processes deliver. 只接收，由工作进程投递
        #[arg(long)]
        land_only: bool,
    },
    /// Hand in files of a source, deliver what is in them. 递交文件
    Upload {
        /// Name of the source. 来源
        source: String,
        /// Taken in this order. 文件，按所给顺序
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Stream they belong to, where the connector has several. 数据流
        #[arg(long)]
        stream: Option<String>,
        /// Land only; worker processes deliver. 只接收，由工作进程投递
        #[arg(long)]
        land_only: bool,
        /// Only say what would happen; nothing is kept. 仅试算
        #[arg(long, conflicts_with = "land_only")]
        plan: bool,
        /// Teachers, and dead letters, told of a plan. 最多列出
        #[arg(long, value_name = "N", default_value_t = 100, requires = "plan")]
        limit: usize,
    },
    /// Take payloads that platforms hand in over HTTP, until told to stop. 接收平台推送
    Receive {
        /// Address to listen at; TLS is for the proxy before it. 监听地址
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8701")]
        listen: std::net::SocketAddr,
    },
    /// From where each stream is read next. 游标
    #[command(subcommand)]
    Cursors(Cursors),
    /// Deliver, settle and sweep until told to stop. 后台工作进程
    Worker {
        /// End when nothing is due any more. 无待办时结束
        #[arg(long)]
        until_done: bool,
    },
    /// When each source is read by itself. 定时同步
    #[command(subcommand)]
    Schedules(Schedules),
    /// Ask the running worker whether it is ready. 询问工作进程是否就绪
    Health,
    /// Copy the embedded database, while it is in use, into a folder. 备份内嵌数据库
    Backup { folder: PathBuf },
    /// Put a backup in the place of the embedded database; the file it replaces is kept. 从备份恢复内嵌数据库
    Restore {
        /// A backup, as `backup` wrote it. 备份文件
        #[arg(value_name = "FILE")]
        backup: PathBuf,
        /// Replace the database that is there. 替换现有数据库
        #[arg(long)]
        overwrite: bool,
        #[command(flatten)]
        why: Why,
    },
    /// The key file. 密钥
    #[command(subcommand)]
    Keys(KeyWork),
    /// Bring the database's schema up to this version. 升级数据库结构
    Migrate,
    /// Sync runs. 同步记录
    #[command(subcommand)]
    Runs(Listing),
    /// The books: does every record received have one outcome? 对账
    Balance {
        /// Only this run. 仅此次同步
        #[arg(long)]
        run: Option<i64>,
    },
    /// What could not be used, with every reason. 死信
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// Batches that are not done. 未完成的批次
    #[command(subcommand)]
    Batches(Batches),
    /// Dead letters through today's manifests and rules: the plan first. 重放死信：先计划，后执行
    #[command(subcommand)]
    Replay(Replays),
    /// Who decided what. 审计日志
    Audit(Span),
    /// Training records. 培训记录
    #[command(subcommand)]
    Records(Listing),
    /// Teachers and their ledgers. 教师
    #[command(subcommand)]
    Teachers(Teachers),
    /// Rule packs: conversions, gates, caps, grades, duplicates, each with its source. 规则包
    #[command(subcommand)]
    Rules(Rules),
    /// Which courses of the programmes are the same. 课程对照
    #[command(subcommand)]
    Courses(Courses),
    /// What people decided about credit, and how it is taken back. 人工决定
    #[command(subcommand)]
    Decisions(Decisions),
    /// Whose records are whose: claims that wait for somebody, and what is decided about them. 身份认定
    #[command(subcommand)]
    Identity(Identity),
    /// Teachers as the roster has them. 名册
    #[command(subcommand)]
    Roster(Roster),
    /// Schools of the roster. 学校
    #[command(subcommand)]
    Schools(Schools),
    /// Who reports to whom. 上报关系
    #[command(subcommand)]
    Regions(Tree),
    /// Connectors. 连接器
    #[command(subcommand)]
    Connectors(Connectors),
    /// Sources, those of the settings and those registered at run time. 来源
    #[command(subcommand)]
    Sources(Sources),
    /// Passwords and keys of sources, sealed in the store; a value is never shown. 来源的密码与密钥
    #[command(subcommand)]
    Secrets(Secrets),
    /// Who in A is who in B, or who in A is there twice: scored pairs and clusters. `--config` says what the columns mean;
    /// see docs/matching.md. 匹配两表（或一表之内）的人员
    Match {
        /// A table with a header. 表
        #[arg(value_name = "A.csv")]
        left: PathBuf,
        /// The table in which its people are looked for. 在此表中查找
        #[arg(value_name = "B.csv")]
        right: Option<PathBuf>,
    },
    /// Check settings, sources, database, queue and key. 自检
    Doctor,
    /// Print the completions of a shell: of commands, options and their words. 输出命令补全脚本
    Completions { shell: clap_complete::Shell },
    /// Write a man page for each command into a folder. 生成手册页
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
    /// At most this many. 最多条数
    #[arg(long, default_value_t = 50)]
    pub limit: i64,
    /// Only after this number. 起始编号
    #[arg(long, default_value_t = 0)]
    pub after: i64,
}

/// Of whom; all of what is given must match.
#[derive(Debug, Clone, Default, Args)]
pub struct Of {
    /// Of this source. 来源
    #[arg(long)]
    pub source: Option<String>,
    /// Of sources with this connector. 连接器
    #[arg(long)]
    pub connector: Option<String>,
}

impl Of {
    /// As an operation takes it.
    pub fn filter(self, run: Option<i64>, code: Option<String>) -> RowFilter {
        RowFilter { source: self.source, connector: self.connector, run, code }
    }
}

#[derive(Debug, Subcommand)]
pub enum Listing {
    /// List. 列表
    List {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        span: Span,
    },
    /// Show one. 查看一条
    Show { id: i64 },
}

#[derive(Debug, Subcommand)]
pub enum DeadLetters {
    /// List the open ones. 列出待处理的
    List {
        #[command(flatten)]
        of: Of,
        /// Seen in this sync run. 同步编号
        #[arg(long)]
        run: Option<i64>,
        /// With this reason code. 原因代码
        #[arg(long)]
        code: Option<String>,
        #[command(flatten)]
        span: Span,
    },
    /// Show one. 查看一条
    Show { id: i64 },
    /// Close one for good: its raw records count as discarded. 作废一条
    Discard {
        id: i64,
        /// Why, for the audit log. 理由
        #[arg(long, value_parser = reason)]
        because: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Batches {
    /// List. 列表
    List {
        /// Only those set aside because they ended their process. 仅隔离的
        #[arg(long)]
        quarantined: bool,
        #[command(flatten)]
        of: Of,
        /// Of this sync run. 同步编号
        #[arg(long)]
        run: Option<i64>,
        #[command(flatten)]
        span: Span,
    },
    /// Make a quarantined batch due again. 解除隔离
    Release {
        id: i64,
        /// Why, for the audit log. 理由
        #[arg(long, value_parser = reason)]
        because: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Replays {
    /// Write down what would change, record by record and teacher by teacher; changes nothing. 计划：只记录影响，不改动数据
    Plan {
        #[command(flatten)]
        matching: Matching,
    },
    /// Do what a plan says, if all of it still holds. 执行计划；若已不成立则拒绝
    Apply { id: i64 },
    /// List. 列表
    List(Span),
    /// Show one with its raw records and teachers. 查看一项及其记录、教师
    Show {
        id: i64,
        /// At most this many raw records, and teachers. 最多条数
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
}

/// Which open dead letters; all of what is given must match.
#[derive(Debug, Clone, Args)]
pub struct Matching {
    /// Of sources with this connector. 连接器
    #[arg(long)]
    pub connector: Option<String>,
    /// Of this source. 来源
    #[arg(long)]
    pub source: Option<String>,
    /// With this reason code. 原因代码
    #[arg(long)]
    pub code: Option<String>,
    /// Seen in this sync run. 同步编号
    #[arg(long)]
    pub run: Option<i64>,
    /// Last seen on this day or later, YYYY-MM-DD. 最近出现不早于此日
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub since: Option<NaiveDate>,
    /// Last seen on this day or earlier, YYYY-MM-DD. 最近出现不晚于此日
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub until: Option<NaiveDate>,
}

#[derive(Debug, Subcommand)]
pub enum Schedules {
    /// List: schedule, next sync, last sync. 列表
    List,
}

#[derive(Debug, Subcommand)]
pub enum Cursors {
    /// List. 列表
    List {
        /// Only of this source. 仅此来源
        source: Option<String>,
    },
    /// Set one, as `cursors list` shows it. 设置
    Set {
        source: String,
        stream: String,
        /// The cursor: a JSON object, as {"since":"2014-09-01"}. 游标（JSON）
        #[arg(long, value_name = "CURSOR")]
        to: String,
        #[command(flatten)]
        why: Why,
    },
    /// Forget it: the stream, or every stream of the source, is read from the beginning. 重置：从头读取
    Reset {
        source: String,
        stream: Option<String>,
        #[command(flatten)]
        why: Why,
    },
}

#[derive(Debug, Subcommand)]
pub enum KeyWork {
    /// Seal everything anew under another key; the old one then opens nothing. 轮换密钥
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
    /// List. 列表
    List,
    /// Show a manifest. 查看清单
    Show { id: String },
    /// Check one manifest alone, or every manifest in use with its samples. 检查
    Check { path: Option<PathBuf> },
    /// Write a connector that passes its own test, to be made one's own. 新建连接器
    New {
        name: String,
        /// What its platform gives. 平台提供的形式
        #[arg(long, default_value = "http-json")]
        from: Template,
        /// Where to. 写入位置
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Samples against their expected results, then every variant of them. 测试样例及其变体
    Test {
        /// A folder with manifest.toml, samples/ and expected/. 连接器目录
        path: PathBuf,
        /// Write what comes of the samples as what is expected. 把得到的结果写为预期结果
        #[arg(long)]
        accept: bool,
    },
    /// Raw record, mapped record and problems, side by side. 预览映射结果
    Preview {
        /// A folder with manifest.toml and samples/, or the manifest. 连接器目录或清单
        path: PathBuf,
        #[arg(long)]
        stream: Option<String>,
        /// Another sample than the first. 样例文件
        #[arg(long, conflicts_with = "source")]
        sample: Option<PathBuf>,
        /// The first page of this source; nothing is stored. 读取该来源的首页，不存储
        #[arg(long)]
        source: Option<String>,
        /// At most so many records. 最多条数
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// What may stand at a place of a manifest, as `stream.page`; without one, the whole language. 说明清单语言
    Explain {
        #[arg(default_value = "")]
        place: String,
        /// The JSON Schema for editors. 输出 JSON Schema
        #[arg(long, conflicts_with = "place")]
        schema: bool,
    },
    /// Guess a manifest from a sample: JSON, XML, CSV, workbook or HTML table. 由样例推断清单
    Infer {
        /// A file, or a URL. 文件或网址
        sample: String,
        /// Write manifest.toml into this folder. 将清单写入此目录
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// The connector's id; else it is made from the sample's name. 连接器编号
        #[arg(long, value_name = "NAME")]
        id: Option<String>,
        /// Keep the sample beside the manifest, people and all. 同时保存样例（含个人信息）
        #[arg(long, requires = "out")]
        with_sample: bool,
    },
    /// Keep a source's first page, or a file, as a sample, with a generated person in the place of everybody in it.
    /// 录制样例：其中的人员一律换成虚构的
    Record {
        /// A source. 来源
        #[arg(required_unless_present = "sample", conflicts_with = "sample")]
        source: Option<String>,
        #[arg(long)]
        stream: Option<String>,
        /// A file instead of a source. 改用此文件
        #[arg(long, value_name = "FILE")]
        sample: Option<PathBuf>,
        /// The connector's folder; the sample goes into its samples/. 连接器目录，样例写入其 samples/
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
    },
    /// Take a connector through its gate and into use, without a restart. 检验并启用连接器，无需重启
    Register {
        /// A folder with manifest.toml, samples/ and expected/, or the manifest in it. 连接器目录，或其中的清单
        path: PathBuf,
        #[command(flatten)]
        why: Why,
    },
    /// Every version of a connector, and which one is in use. 各版本
    Versions { id: String },
    /// Use another version again. 换回另一版本
    Rollback {
        id: String,
        /// A version, or `built-in` for the one that comes with the program. 版本号，或 built-in
        #[arg(long, value_name = "VERSION")]
        to: String,
        /// Why, for the audit log. 理由
        #[arg(long, value_parser = reason)]
        because: String,
    },
    /// Read its sources again. 恢复读取
    Enable {
        id: String,
        /// Why, for the audit log. 理由
        #[arg(long, value_parser = reason)]
        because: String,
    },
    /// Read its sources no longer; what was received is still delivered. 停用：不再读取，已接收的仍会投递
    Disable {
        id: String,
        /// Why, for the audit log. 理由
        #[arg(long, value_parser = reason)]
        because: String,
    },
}

/// A reason that may be left out.
#[derive(Debug, Clone, Args)]
pub struct Why {
    /// Why, for the audit log. 理由
    #[arg(long, value_parser = reason)]
    pub because: Option<String>,
}

fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| "give a day as YYYY-MM-DD".to_owned())
}

fn actor(text: &str) -> Result<String, String> {
    const MAX_ACTOR: usize = 100;
    let name = text.trim();
    if name.is_empty() || name.chars().count() > MAX_ACTOR || name.chars().any(char::is_control) {
        return Err(format!("give a name of 1 to {MAX_ACTOR} characters"));
    }
    Ok(name.to_owned())
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("say why".to_owned()) } else { Ok(text.to_owned()) }
}
