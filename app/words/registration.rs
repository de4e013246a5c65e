//! Why connectors, sources, secrets and cursors stay as they are, and why a connector's folder is not written, in Chinese.

use huiliu_engine::operations::authoring_error::AuthoringError;
use huiliu_engine::operations::connector_versions::ConnectorError;
use huiliu_engine::operations::cursors::CursorError;
use huiliu_engine::operations::secrets::SecretError;
use huiliu_engine::operations::source_registration::SourceRegistrationError;
use huiliu_engine::registry::Origin;
use huiliu_engine::schedule::TEN_DAYS;

use super::faults::Fault;
use super::in_chinese;

impl Fault for ConnectorError {
    fn in_chinese(&self) -> String {
        match self {
            Self::NothingToRegister { connector, version, origin } => format!(
                "连接器 {connector} 第 {version} 版就是{}，内容相同；无需注册",
                match origin {
                    Origin::BuiltIn => "内置的那一版",
                    Origin::Folder => "清单目录（manifests_dir）中的那一版",
                    Origin::Registered => "已注册的那一版",
                }
            ),
            Self::VersionTaken { connector, version, highest } => format!(
                "连接器 {connector}：第 {version} 版已被占用或低于现有版本；请将清单中的 `version` 提高到 {highest} 以上"
            ),
            Self::NoVersion { connector, version } => {
                format!("连接器 {connector} 没有版本 {version}；请看 `huiliu connectors versions {connector}`")
            }
            Self::FailsItsSamples { version, differences } => {
                format!("第 {version} 版在当前程序和规则下不能通过自己的样例；未作改动：{}", differences.join("；"))
            }
            Self::Unusable { connector, version, why } => {
                format!("连接器 {connector}：本程序无法使用已注册的第 {version} 版：{}", in_chinese(why))
            }
        }
    }
}

impl Fault for SourceRegistrationError {
    fn in_chinese(&self) -> String {
        match self {
            Self::RegisteredAlready { name } => {
                format!("来源 {name} 已注册；请用 `huiliu sources set {name}` 修改")
            }
            Self::InSettingsFile { name } => format!("来源 {name} 在设置文件中；请在该文件中修改"),
            Self::NotRegistered { name } => format!("没有注册来源 {name:?}；请看 `huiliu sources list`"),
            Self::SecretSetting { name, key } => {
                format!("--setting {key}：设置会显示出来，不能存放机密；请用 `huiliu secrets set {name} {key}` 密封")
            }
            Self::BookedOtherwise { name, connector, institution } => format!(
                "来源 {name} 已按连接器 {connector}、机构 {institution} 登记，已接收的数据归该机构；请为新来源另取名称"
            ),
            Self::Name => "来源名称应为 1 至 100 个字符，不得有控制字符".into(),
            Self::NoInstitutionCode => "--institution-code 为空".into(),
            Self::Schedule { schedule, fault } => format!(
                "--schedule {schedule:?}：{}；请依次写分、时、日、月、星期，如 {TEN_DAYS:?}",
                fault.in_chinese()
            ),
            Self::PasswordInAddress { name } => format!(
                "--base-url 中含有用户名或密码，而它会显示在列表中；请用 --user，并用 `huiliu secrets set {name} password` 密封密码"
            ),
            Self::Unreadable(why) => why.in_chinese(),
        }
    }
}

impl Fault for SecretError {
    fn in_chinese(&self) -> String {
        match self {
            Self::NoSource { name } => {
                format!("没有来源 {name:?}；请看 `huiliu sources list`，或先用 `huiliu sources add` 添加")
            }
            Self::NoSecret { name, secret } => {
                format!("来源 {name} 没有名为 {secret:?} 的机密；请看 `huiliu secrets list`")
            }
        }
    }
}

impl Fault for CursorError {
    fn in_chinese(&self) -> String {
        match self {
            Self::NeverRead { name } => {
                format!("来源 {name:?} 从未同步，没有游标；请看 `huiliu cursors list`")
            }
            Self::Busy { name } => {
                format!("来源 {name} 正由另一个进程同步；请看 `huiliu schedules list`，待其结束后再试")
            }
            Self::NoCursor { name, stream } => {
                format!("来源 {name} 没有数据流 {stream:?} 的游标；请看 `huiliu cursors list`")
            }
            Self::NoStream { connector, stream, known } => {
                format!("连接器 {connector} 没有数据流 {stream:?}；现有 {}", known.join("、"))
            }
            Self::NotACursor { connector, text, why } => format!(
                "{text} 不是连接器 {connector} 的游标：{}；请照 `huiliu cursors list` 所列的写法给出",
                why.in_chinese()
            ),
        }
    }
}

impl Fault for AuthoringError {
    fn in_chinese(&self) -> String {
        match self {
            Self::SampleUnreadable { address, fault } => {
                format!("{address} 无法读取：{}", in_chinese(&fault.to_string()))
            }
            Self::SymbolicLink { path } => {
                format!("{} 是符号链接，不会通过它写入；请换成普通目录或文件", path.display())
            }
            Self::Unwritable { path, source } => format!("无法写入 {}：{}", path.display(), source.in_chinese()),
            Self::NoStream { stream, known } => format!("没有数据流 {stream:?}；现有 {}", known.join("、")),
            Self::NoSample { stream } => {
                format!("数据流 {stream} 没有样例；请用 --sample 文件 或 --source 来源 指定")
            }
            Self::FolderThere { folder } => format!("{} 已存在；请用 --out 指定其他位置", folder.display()),
            Self::SampleThere { file } => format!("{} 已存在；请先移走", file.display()),
            Self::NothingToRead { name } => format!("来源 {name} 没有可读取的内容"),
            Self::Disguise { address, fault } => format!("{address}：{}", fault.in_chinese()),
            Self::Seed(fault) => fault.in_chinese(),
            Self::Lost(e) => e.in_chinese(),
            Self::Unpack { sample, fault } => format!("{sample}：{}", in_chinese(&fault.to_string())),
            Self::Guess { sample, fault } => format!("{sample}：{}", fault.in_chinese()),
            Self::NoSuchSample { place, source } => {
                format!("无法读取 {place}：{}；请给出文件，或以 http:// 或 https:// 开头的网址", source.in_chinese())
            }
            Self::ConnectorId { id } => {
                format!("{id:?} 不能作为连接器标识；标识应为 1 至 60 个小写字母、数字、- 或 _")
            }
            Self::GuessUnwritable { path, source } => {
                format!("无法写入 {}：{}；请用 --out 指定另一目录", path.display(), source.in_chinese())
            }
        }
    }
}
