//! The faults of core in Chinese, with the same facts: what happened, where, what was expected, what to do.

use std::fmt::Display;

use huiliu_authoring::anonymize::DisguiseFault;
use huiliu_decode::DecodeFault;
use huiliu_engine::replay::ReplayFault;
use huiliu_engine::schedule::ScheduleFault;
use huiliu_manifest::{ManifestFault, Problem};
use huiliu_messages::{Language, Message};
use huiliu_platform::{CursorFault, Failure};
use huiliu_queue::QueueFault;
use huiliu_rules::policy::{PolicyFault, RuleFault};
use huiliu_store::{AddressError, ConnectError, Kept, RehearsalMisuse, SchemaError, StoreFault, Unreadable};
use huiliu_values::IdFault;
use huiliu_vault::keys::KeyFault;

use super::phrases::translate;
use super::{chinese, reasons};

/// A fault that has Chinese words beside its English ones.
pub trait Fault: Display {
    /// The Chinese words.
    fn in_chinese(&self) -> String;
}

/// A fault in the words of the locale.
pub fn spoken(fault: &impl Fault) -> String {
    if chinese() { fault.in_chinese() } else { fault.to_string() }
}

impl Fault for StoreFault {
    fn in_chinese(&self) -> String {
        match self {
            Self::Address(why) => format!(
                "数据库地址不可用：{}；请写作 sqlite:路径 或 postgres://用户:密码@主机:端口/库名",
                why.in_chinese()
            ),
            Self::Unreachable { place, why } => format!(
                "无法打开数据库 {place}：{}；请检查数据库是否在运行，以及主机、端口、用户和密码",
                why.in_chinese()
            ),
            Self::Statement(e) => format!("数据库拒绝了一条语句：{}", translate(&e.to_string())),
            Self::Schema(error) => error.in_chinese(),
            Self::Unreadable(error) => error.in_chinese(),
            Self::Rehearsal(misuse) => misuse.in_chinese(),
            Self::WrongKey => {
                "根密钥与建立此数据库时所用的不同；请提供原来的密钥（HUILIU_KEY_FILE 或数据目录中的 root.key）".into()
            }
            Self::Key(fault) => fault.in_chinese(),
            Self::KeyGeneration(generation) => format!(
                "缺少第 {generation} 代密封密钥，或它不属于此数据库：密钥已轮换；请使用 `huiliu keys rotate` 写好的密钥文件"
            ),
            Self::KeyRotatedSince { needs, oldest } => format!(
                "此数据库早于密封密钥的一次轮换：它需要第 {needs} 代密钥，而密钥文件从第 {oldest} 代开始；请使用当时的密钥文件，`huiliu keys rotate` 将其保存为 root.key.before-{}",
                needs + 1
            ),
            Self::KeyRetired => "本进程启动后密封密钥已轮换；请用 `huiliu keys rotate` 写好的密钥文件重新启动".into(),
            Self::TurnLost => "另一个进程已接手此来源；此页未写入".into(),
            Self::Column(name) => format!("查询结果中缺少列 {name}，或其类型不符"),
        }
    }
}

impl Fault for AddressError {
    fn in_chinese(&self) -> String {
        match self {
            Self::NoScheme => "没有写明类型".into(),
            Self::Scheme(scheme) => format!("{scheme}:…"),
            Self::Options(why) => translate(why).into_owned(),
        }
    }
}

impl Fault for ConnectError {
    fn in_chinese(&self) -> String {
        match self {
            Self::NoAnswer { seconds } => format!("{seconds} 秒内没有应答"),
            Self::NoFreeConnection { seconds } => {
                format!("{seconds} 秒内没有空闲连接；允许的连接数可能少于全部工作进程所需（max_connections）")
            }
            Self::Refused(why) => translate(why).into_owned(),
            Self::Driver(e) => translate(&e.to_string()).into_owned(),
        }
    }
}

impl Fault for SchemaError {
    fn in_chinese(&self) -> String {
        match self {
            Self::Empty => "数据库中还没有汇流的结构；请运行 `huiliu migrate`".into(),
            Self::Behind { applied, known } => {
                format!("数据库结构有 {known} 步升级，只完成了 {applied} 步；请运行 `huiliu migrate`")
            }
            Self::Unknown => {
                "此版本的汇流不认识该数据库的结构：它由更新的版本建立，或不是汇流的；请使用更新的版本，或指定其他数据库"
                    .into()
            }
            Self::Migration(e) => format!("升级未能完成，未作任何改动：{}", translate(&e.to_string())),
        }
    }
}

impl Fault for Unreadable {
    fn in_chinese(&self) -> String {
        match self {
            Self::Payload { address, why } => {
                format!("{}：{}", reasons::address(address), translate(&why.to_string()))
            }
            Self::Bytes { what, why } => format!("{}：{}", reasons::address(what), why.in_chinese()),
            Self::Connector { connector } => format!("没有注册连接器 {connector:?}；载荷接收时它曾注册"),
            Self::Stream { connector, stream } => format!("连接器 {connector} 已没有数据流 {stream:?}"),
            Self::Copy { found } => format!("SQLite 发现其已损坏：{found}"),
            Self::OtherLayout { address } => {
                format!("{}：按当前清单，其中的记录与接收时不同；请用 --full 重新读取该来源", reasons::address(address))
            }
            Self::Value { what, why } => format!("{}：{}", what.in_chinese(), translate(why)),
            Self::DecisionKind { decision, kind } => format!("决定 {decision}：本程序不认识种类 {kind}"),
            Self::Backup { copy, found } => format!("副本 {copy} 已损坏：{}", translate(found)),
        }
    }
}

impl Fault for Kept {
    fn in_chinese(&self) -> String {
        match self {
            Self::Told => "声明中所述的内容".into(),
            Self::Evidence => "候选人的依据".into(),
            Self::Samples => "已注册连接器的样例".into(),
            Self::Replay => "已记录的重放".into(),
            Self::RosterRow => "名册中的一行".into(),
            Self::Decision(number) => format!("决定 {number} 的详情"),
        }
    }
}

impl Fault for RehearsalMisuse {
    fn in_chinese(&self) -> String {
        match self {
            Self::TwoAtOnce => "试算一次只能做一件事".into(),
            Self::StillHeld => "仍有他处占用的试算不能提交".into(),
            Self::NotOne => "此数据库不是试算".into(),
        }
    }
}

impl Fault for DisguiseFault {
    fn in_chinese(&self) -> String {
        match self {
            Self::Decode(fault) => fault.in_chinese(),
            Self::Broken { address, why } => {
                format!("{address} 无法读取（{}），无从得知其中有谁；请去掉该条", translate(why))
            }
            Self::Workbook => "只能改写 .xlsx 工作簿；请用表格软件打开，另存为 .xlsx".into(),
            Self::Random { why } => format!("系统没有给出随机数：{}", translate(why)),
            Self::Sheets { sheets } => {
                format!("清单不读取工作表 {sheets}，无从得知其中有谁；请删除后重新保存")
            }
            Self::Encoding { encoding } => format!("无法再用 {encoding} 编码写回；请另存为 UTF-8"),
            Self::Left { address } => {
                format!("{address} 仍有原来的姓名或身份证号：它在那里被拆成几段；请写在一起，或去掉该条")
            }
            Self::Differs { difference } => {
                format!("替换后含义不同（{}）；姓名可能也是其他字段中的词：请去掉该条", translate(difference))
            }
        }
    }
}

impl Fault for KeyFault {
    fn in_chinese(&self) -> String {
        match self {
            Self::Form => "根密钥应为 64 位十六进制数字（32 字节），或 `huiliu keys rotate` 写好的完整密钥文件；可用 `openssl rand -hex 32` 生成".into(),
            Self::Sealed => "密封的数据无法解开：它用的是另一把密钥，或已被改动".into(),
        }
    }
}

impl Fault for ScheduleFault {
    fn in_chinese(&self) -> String {
        match self {
            Self::Form(why) => format!("不是 cron 表达式（{why}）"),
            Self::Never => "永远不会到来的时刻".into(),
        }
    }
}

impl Fault for QueueFault {
    fn in_chinese(&self) -> String {
        match self {
            Self::Unreachable { place, why } => {
                format!("无法打开队列 {place}：{}；请检查路径或地址（--queue）", translate(why))
            }
            Self::Refused(why) => format!("队列没有接收消息：{}", translate(why)),
        }
    }
}

impl Fault for ReplayFault {
    fn in_chinese(&self) -> String {
        match self {
            Self::Store(fault) => fault.in_chinese(),
            Self::Nothing => "没有符合条件的待处理死信".into(),
            Self::TooMany => "符合条件的原始记录超过 100,000 条；请按同步或原因代码缩小范围".into(),
            Self::Stopped => "已停止；未作任何改动，该计划已关闭".into(),
            Self::TooLong => "耗时超过 300 秒，其间他人须等待；未作改动；请按同步或原因代码缩小范围".into(),
            Self::Unknown(id) => format!("没有重放 {id}"),
            Self::NotPlanned(id, state) => format!("重放 {id} 的状态为{}，不是已计划", reasons::word(state.as_str())),
        }
    }
}

impl Fault for PolicyFault {
    fn in_chinese(&self) -> String {
        let line = |fault: &RuleFault| {
            let RuleFault { file, line, rule, why } = fault;
            let colon = if rule.is_empty() { "" } else { "：" };
            format!("{file}:{line}: {rule}{colon}{}", translate(why))
        };
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Fault for ManifestFault {
    fn in_chinese(&self) -> String {
        let line = |fault: &huiliu_manifest::Fault| {
            let huiliu_manifest::Fault { line, column, place, problem } = fault;
            let colon = if place.is_empty() { "" } else { "：" };
            format!("{}:{line}:{column}: {place}{colon}{}", self.file, problem.in_chinese())
        };
        self.faults.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Fault for Problem {
    fn in_chinese(&self) -> String {
        let meant = |nearest: &Option<String>| {
            nearest.as_ref().map_or_else(String::new, |word| format!("（是否要写 {word:?}？）"))
        };
        match self {
            Self::Syntax(why) | Self::Rule(why) => translate(why).into_owned(),
            Self::UnknownKey { key, nearest, allowed } => {
                format!("此处没有键 {key:?}{}；可用：{allowed}", meant(nearest))
            }
            Self::UnknownWord { word, nearest, allowed } => {
                format!("此处不能写 {word:?}{}；可用：{allowed}", meant(nearest))
            }
            Self::Missing { key, .. } => format!("缺少键 {key}；请看 `huiliu connectors explain`"),
            Self::Type { expected, found } => format!("应为{}，实为 {found}", translate(expected)),
            Self::Bounds { found, least, most } => format!("{found} 超出范围：应在 {least} 与 {most} 之间"),
        }
    }
}

/// Those that the message catalogues say.
macro_rules! said_by_catalogue {
    ($($type:ty),+) => {$(
        impl Fault for $type {
            fn in_chinese(&self) -> String {
                Message::new(self).say(Language::Chinese)
            }
        }
    )+};
}

said_by_catalogue!(Failure, CursorFault, DecodeFault);

impl Fault for IdFault {
    fn in_chinese(&self) -> String {
        reasons::of_value("id_number", self.code()).unwrap_or_else(|| self.to_string())
    }
}

/// The excerpt of the file stays as it is; the lines around it are words.
impl Fault for toml::de::Error {
    fn in_chinese(&self) -> String {
        let text = self.to_string();
        text.trim_end().lines().map(translate).collect::<Vec<_>>().join("\n")
    }
}

impl Fault for std::io::Error {
    fn in_chinese(&self) -> String {
        translate(&self.to_string()).into_owned()
    }
}

impl Fault for tokio::task::JoinError {
    fn in_chinese(&self) -> String {
        if self.is_panic() { "一项任务因程序错误中断" } else { "一项任务被取消" }.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use huiliu_decode::decode::Malformed;
    use huiliu_platform::Cause;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Probe {
        #[allow(dead_code, reason = "only its type is of interest")]
        a: usize,
    }

    #[test]
    fn faults_keep_their_facts() {
        let toml = |text: &str| toml::from_str::<Probe>(text).err().map(|e| e.in_chinese());
        let typo = toml("a = 1\nb = 2\n").unwrap_or_default();
        assert!(typo.contains("第 2 行") && typo.contains("未知的设置项 `b`") && typo.contains("`a`"), "{typo}");
        let kind = toml("a = \"x\"\n").unwrap_or_default();
        assert!(kind.contains("类型不符") && kind.contains("字符串"), "{kind}");
        for (said, facts) in [
            (
                StoreFault::Unreachable {
                    place: "h:5432/huiliu".into(),
                    why: ConnectError::Refused(
                        "error communicating with database: Connection refused (os error 111)".into(),
                    ),
                }
                .in_chinese(),
                &["无法打开数据库", "连接被拒绝", "端口"][..],
            ),
            (SchemaError::Behind { applied: 1, known: 2 }.in_chinese(), &["1", "2", "migrate"]),
            (
                Failure { attempts: Some(7), ..Failure::passing(Cause::Unreachable { host: "h:81".into() }) }
                    .in_chinese(),
                &["h:81", "无法连接", "base_url", "7 次"],
            ),
            (
                Failure::fatal(Cause::Undecodable {
                    why: DecodeFault::Malformed { format: "JSON".into(), why: Malformed::NoValue { path: "x".into() } },
                })
                .at("/a page first")
                .in_chinese(),
                &["/a 首页", "JSON", "x 处没有值"],
            ),
            (
                Failure::fatal(Cause::Credentials { status: "401 Unauthorized".into() }).at("/a page 1").in_chinese(),
                &["/a 第 1 页", "401", "用户名和密码"],
            ),
            (
                QueueFault::Unreachable { place: "redis:x".into(), why: "this version knows sqlite:PATH".into() }
                    .in_chinese(),
                &["redis:x", "sqlite:", "--queue"],
            ),
            (IdFault::CheckDigit.in_chinese(), &["校验码"]),
        ] {
            for fact in facts {
                assert!(said.contains(fact), "{fact:?} is not in {said:?}");
            }
        }
    }
}
