//! What is wrong with settings and sources, in Chinese.

use huiliu_engine::schedule::TEN_DAYS;
use huiliu_engine::settings_problem::SettingsProblem;
use huiliu_engine::source_check::SourceProblem;

use super::faults::Fault;
use super::in_chinese;

impl Fault for SettingsProblem {
    fn in_chinese(&self) -> String {
        match self {
            Self::FileUnreadable { file, why } => {
                format!("无法读取设置文件 {}：{}；请检查 --config", file.display(), why.in_chinese())
            }
            Self::File { file, why } => format!("设置文件 {} 有误：{}", file.display(), why.in_chinese()),
            Self::NamedFile { file, why } => format!("无法读取 {}：{}", file.display(), why.in_chinese()),
            Self::NotANumber { variable, value } => format!("{variable} 为 {value:?}；应为整数"),
            Self::UnknownVariable { variable, nearest } => {
                let meant = nearest.as_ref().map_or_else(String::new, |known| format!("；是不是 {known}？"));
                format!("汇流不读取环境变量 {variable}{meant}；请改正名称，或取消该变量")
            }
            Self::Workers(given) => format!("workers 为 {given}；应为 1 至 64 的整数"),
            Self::Lease(given) => format!("lease_ms 为 {given}；至少应为 200"),
            Self::BatchRecords(given) => {
                format!("batch_records 为 {given}；应为 1 至 5,000 的整数，或 0（按数据库种类取值）")
            }
            Self::Health(given) => format!("health 为 {given:?}；应为地址和端口，如 127.0.0.1:9464，或留空"),
            Self::Networks(given) => {
                format!("allow_networks 中有 {given:?}；应写网段（如 10.1.0.0/16）或单个地址")
            }
            Self::LogFormat(given) => format!("log_format 为 {given:?}；应为 \"text\" 或 \"json\""),
            Self::Schedule { file, source_name, schedule, why } => format!(
                "{}：来源 {source_name}：schedule {schedule:?}：{}；请依次写分、时、日、月、星期，如 {TEN_DAYS:?}；\"\" 表示不自动同步",
                file.display(),
                why.in_chinese()
            ),
        }
    }
}

impl Fault for SourceProblem {
    fn in_chinese(&self) -> String {
        match self {
            Self::NameTwice { times } => format!("设置文件中有 {times} 个来源使用此名称；请各取不同的名称"),
            Self::UnknownConnector { connector, nearest, known } => {
                let meant = nearest.as_ref().map_or_else(String::new, |id| format!("（是不是 {id:?}？）"));
                format!("没有连接器 {connector:?}{meant}；现有 {}", known.join("、"))
            }
            Self::UnusableVersion { connector, version, why } => format!(
                "连接器 {connector:?} 已注册第 {version} 版，但本程序无法使用：{}；请升级程序，或用 `huiliu connectors rollback` 换回另一版本",
                in_chinese(why)
            ),
            Self::NoAddress { connector } => {
                format!("连接器 {connector} 通过 HTTP 访问平台，而 `base_url` 为空；请填写平台地址")
            }
            Self::NoFolder { connector } => {
                format!("连接器 {connector} 读取文件，而 `folder` 为空；请填写存放文件的文件夹")
            }
            Self::NoPlace { connector } => {
                format!("连接器 {connector} 读取文件，而 `folder` 和 `base_url` 都为空；请填写其中一项")
            }
            Self::Folder { folder, why } => format!(
                "无法读取文件夹 {}：{}；请让本程序可以读取它，或改正 `folder`",
                folder.display(),
                why.in_chinese()
            ),
            Self::UnsetVariable { variable, secret } => {
                format!("没有设置机密 {secret} 所用的环境变量 {variable}；请设置它，或用 `huiliu secrets set` 密封该值")
            }
            Self::PasswordFile { file, why } => format!(
                "无法从 {} 取得密码：{}；其首行应为密码",
                file.display(),
                why.as_ref().map_or_else(|| "文件为空".into(), Fault::in_chinese)
            ),
        }
    }
}
