//! Why operations are not done, in Chinese; the English stands with the failures themselves.

use huiliu_engine::database::OpenError;
use huiliu_engine::operations::filters::FilterError;
use huiliu_engine::operations::maintenance::{BackupFault, MaintenanceError};
use huiliu_engine::operations::restore::RestoreError;
use huiliu_engine::operations::sync::SyncError;
use huiliu_engine::operations::upload::UploadError;
use huiliu_engine::operations::{NotFound, OperationError};
use huiliu_engine::registry::RegistryError;
use huiliu_engine::rule_files::RuleFileError;
use huiliu_engine::settings::UnreadableSource;
use huiliu_engine::sources::SourceError;

use super::faults::Fault;

impl Fault for OperationError {
    fn in_chinese(&self) -> String {
        match self {
            Self::NotFound(what) => what.in_chinese(),
            Self::Open(error) => error.in_chinese(),
            Self::Store(fault) => fault.in_chinese(),
            Self::Queue(fault) => fault.in_chinese(),
            Self::KeyFile(error) => error.in_chinese(),
            Self::Rules(error) => error.in_chinese(),
            Self::Registry(error) => error.in_chinese(),
            Self::Gate(error) => error.in_chinese(),
            Self::Package(error) => error.in_chinese(),
            Self::Platform(failure) => failure.in_chinese(),
            Self::Replay(fault) => fault.in_chinese(),
            Self::DeadLetterNotOpen(of) => {
                format!("死信 {0} 不是待处理状态；请看 `huiliu dead-letters show {0}`", of.dead_letter)
            }
            Self::BatchNotQuarantined(of) => {
                format!("批次 {} 未被隔离；请看 `huiliu batches list --quarantined`", of.batch)
            }
            Self::Source(error) => error.in_chinese(),
            Self::Sync(error) => error.in_chinese(),
            Self::Authoring(error) => error.in_chinese(),
            Self::Cursor(error) => error.in_chinese(),
            Self::Secret(error) => error.in_chinese(),
            Self::SourceRegistration(error) => error.in_chinese(),
            Self::Match(error) => error.in_chinese(),
            Self::Decision(error) => error.in_chinese(),
            Self::Connector(error) => error.in_chinese(),
            Self::Upload(error) => error.in_chinese(),
            Self::Maintenance(error) => error.in_chinese(),
            Self::Filter(error) => error.in_chinese(),
            Self::Restore(error) => error.in_chinese(),
        }
    }
}

impl Fault for NotFound {
    fn in_chinese(&self) -> String {
        match self {
            Self::Run(run) => format!("没有同步 {run}；请看 `huiliu runs list`"),
            Self::DeadLetter(letter) => format!("没有死信 {letter}"),
            Self::Record(record) => format!("没有培训记录 {record}"),
            Self::RecordOfTeacher(record) => format!("没有属于已知教师的记录 {record}；请看 `huiliu records list`"),
            Self::Replay(replay) => format!("没有重放 {replay}"),
            Self::Teacher(teacher) => format!("没有教师 {teacher}"),
            Self::TeacherOfIdNumber => "没有教师使用此身份证号".into(),
            Self::Claim(claim) => format!("没有声明 {claim}；请看 `huiliu identity queue`"),
            Self::Decision(decision) => format!("没有仍然有效的决定 {decision}；请看 `huiliu decisions list`"),
            Self::School(code) => format!("没有学校 {code}"),
            Self::Region(code) => format!("没有区划 {code}；请看 `huiliu regions list`"),
            Self::Course(id) => format!("没有课程 {id:?}；请看 `huiliu courses list`"),
            Self::Connector(id) => format!("没有连接器 {id:?}；请看 `huiliu connectors list`"),
            Self::Source(name) => format!("没有来源 {name:?}；请看 `huiliu sources list`"),
            Self::RulePack { pack, known } => format!("没有规则包 {pack:?}；现有 {}", known.join("、")),
        }
    }
}

impl Fault for OpenError {
    fn in_chinese(&self) -> String {
        match self {
            Self::NoDatabase { place } => {
                format!("{place} 中没有数据库；请检查 --data-dir 和 --database，或用 `huiliu migrate` 新建")
            }
            Self::DataDir { dir, source } => {
                format!("无法写入数据目录 {}：{}；请用 --data-dir 指定可写的目录", dir.display(), source.in_chinese())
            }
            Self::Lock { file, source } => {
                format!("无法锁定 {}：{}；数据目录应在本地磁盘上", file.display(), source.in_chinese())
            }
            Self::KeyMissing { path } => format!(
                "缺少根密钥文件 {}，而此数据库是用根密钥建立的；请放回该文件，或用 HUILIU_KEY_FILE 指明",
                path.display()
            ),
            Self::NoKeyYet { path } => {
                format!("尚无根密钥 {}，也未新建；请检查 --data-dir，或运行 `huiliu migrate` 生成", path.display())
            }
            Self::BeforeRotation { needs, key_file, kept, there } => format!(
                "此数据库早于密封密钥的一次轮换：它需要第 {needs} 代密钥，{} 中已没有；请用 {} 替换它，或用 HUILIU_KEY_FILE 指明{}",
                key_file.display(),
                kept.display(),
                if *there { "" } else { "（该文件不在此处；请到密钥备份处查找）" }
            ),
            Self::KeyText(fault) => format!("HUILIU_KEY：{}", fault.in_chinese()),
            Self::Key(fault) => fault.in_chinese(),
            Self::KeyFile(error) => error.in_chinese(),
            Self::Store(fault) => fault.in_chinese(),
        }
    }
}

impl Fault for RuleFileError {
    fn in_chinese(&self) -> String {
        match self {
            Self::Policy(fault) => fault.in_chinese(),
            Self::Weights(fault) => fault.in_chinese(),
            Self::Regions(fault) => fault.in_chinese(),
        }
    }
}

impl Fault for RegistryError {
    fn in_chinese(&self) -> String {
        match self {
            Self::Unreadable { path, source } => format!("无法读取 {}：{}", path.display(), source.in_chinese()),
            Self::Manifest(fault) => fault.in_chinese(),
            Self::Gate(error) => error.in_chinese(),
            Self::Disabled { connector, by, because } => format!(
                "连接器 {connector} 已停用（{by}：{because}）；`huiliu connectors enable {connector}` 可恢复读取其来源"
            ),
            Self::UnusableVersion { name, connector, version, why } => {
                format!("来源 {name}：已注册第 {version} 版连接器 {connector:?}，但本程序无法使用：{why}")
            }
            Self::UnknownConnector { name, connector, known } => {
                format!("来源 {name}：没有连接器 {connector:?}；现有 {}", known.join(", "))
            }
            Self::SealedSecret { name, secret } => {
                format!("来源 {name}：密封的密钥 {secret} 无法解开；请用 `huiliu secrets set {name} {secret}` 重新设置")
            }
            Self::UnsetVariable { name, variable } => format!("来源 {name}：没有设置环境变量 {variable}"),
            Self::PasswordFile { name, file, why } => format!(
                "来源 {name}：无法从 {} 取得密码：{}；其首行应为密码",
                file.display(),
                why.as_ref().map_or_else(|| "文件为空".into(), Fault::in_chinese)
            ),
            Self::Connector(failure) => failure.in_chinese(),
        }
    }
}

impl Fault for UnreadableSource {
    fn in_chinese(&self) -> String {
        match self {
            Self::Settings(why) => format!("设置：{why}"),
            Self::Schedule { schedule, fault } => format!("定时 {schedule:?}：{}", fault.in_chinese()),
        }
    }
}

impl Fault for SourceError {
    fn in_chinese(&self) -> String {
        match self {
            Self::OtherConnector { name, booked, now } => {
                format!("来源 {name} 已按连接器 {booked} 登记，而设置中为 {now}；请为新来源另取名称")
            }
            Self::Busy { name } => {
                format!("来源 {name} 正由另一个进程同步；请看 `huiliu schedules list`，待其结束后再试")
            }
            Self::Registry(error) => error.in_chinese(),
            Self::Store(fault) => fault.in_chinese(),
        }
    }
}

impl Fault for SyncError {
    fn in_chinese(&self) -> String {
        match self {
            Self::NoSources => {
                "没有配置来源；请在设置文件中添加 [[source]] 并用 --config 指定该文件，或用 `huiliu sources add` 注册"
                    .into()
            }
            Self::UnknownSource { name, known } => format!("没有来源 {name:?}；现有 {}", known.join(", ")),
            Self::WorkerEnded => "工作进程提前结束".into(),
        }
    }
}

impl Fault for UploadError {
    fn in_chinese(&self) -> String {
        match self {
            Self::NotAFile { file } => format!("{} 不是可读取的文件；未递交任何内容", file.display()),
            Self::WhichStream { connector, streams } => {
                format!("连接器 {connector} 有多个数据流；请用 --stream 说明文件属于哪一个：{}", streams.join(", "))
            }
            Self::Stopped => "已停止；这只是计划，未作任何改动".into(),
            Self::TooLong => "计划耗时超过 300 秒，其间他人须等待；未作改动；请减少一次计划的文件".into(),
            Self::Connector(failure) => failure.in_chinese(),
        }
    }
}

impl Fault for MaintenanceError {
    fn in_chinese(&self) -> String {
        match self {
            Self::BackupOfServer => {
                "此数据库为 PostgreSQL：请用 `pg_dump --format=custom` 备份，见 docs/operations.zh-CN.md".into()
            }
            Self::BackupUnwritable { folder, why } => {
                let why = match why {
                    BackupFault::Io(e) => e.in_chinese(),
                    BackupFault::Store(fault) => fault.in_chinese(),
                };
                format!("无法在 {} 中写入备份：{why}；请指定可写且空间足够的目录", folder.display())
            }
            Self::KeyInEnvironment => {
                "密钥在 HUILIU_KEY 中，无法改写；请写入文件并用 HUILIU_KEY_FILE 指明，再行轮换".into()
            }
        }
    }
}

impl Fault for FilterError {
    fn in_chinese(&self) -> String {
        let listed = |known: &[String]| if known.is_empty() { "无".to_owned() } else { known.join("、") };
        match self {
            Self::Source { name, known } => format!("没有来源 {name:?}；现有 {}", listed(known)),
            Self::Connector { connector, known } => format!("没有连接器 {connector:?}；现有 {}", listed(known)),
            Self::Run { run, newest: None } => format!("没有同步 {run}；尚无任何同步"),
            Self::Run { run, newest: Some(newest) } => {
                format!("没有同步 {run}；最新的是 {newest}，请看 `huiliu runs list`")
            }
            Self::Code { code, nearest } if nearest.is_empty() => {
                format!("没有原因代码 {code:?}；请看 `huiliu dead-letters list`")
            }
            Self::Code { code, nearest } => format!("没有原因代码 {code:?}；是否要写 {}？", nearest.join("、")),
        }
    }
}

impl Fault for RestoreError {
    fn in_chinese(&self) -> String {
        match self {
            Self::Server => "此数据库为 PostgreSQL：请停止工作进程，用 `pg_restore --clean --if-exists` 恢复，见 docs/operations.zh-CN.md".into(),
            Self::NoFile { backup } => {
                format!("没有文件 {}；请给出 `huiliu backup` 写好的备份", backup.display())
            }
            Self::WouldOverwrite { place } => format!(
                "{} 已有数据库；加上 --overwrite 可用备份替换它，原文件保留在旁边",
                place.display()
            ),
            Self::InUse { place } => {
                format!("另一个进程正在使用数据库 {}；请停止工作进程及其他使用它的程序", place.display())
            }
            Self::Damaged { backup, why } => format!(
                "{} 已损坏，或不是数据库；未作任何改动：{}；请换用另一份备份",
                backup.display(),
                why.in_chinese()
            ),
            Self::Foreign { backup } => {
                format!("{} 是数据库，但不是汇流的；请给出 `huiliu backup` 写好的备份", backup.display())
            }
            Self::Unwritable { place, why } => {
                format!("无法用备份替换 {}：{}", place.display(), why.in_chinese())
            }
        }
    }
}
