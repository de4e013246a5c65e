//! The faults of core in Chinese, with the same facts: what happened, where, what was expected, what to do.

use std::fmt::Display;

use huiliu_authoring::anonymize::DisguiseFault;
use huiliu_authoring::gate::package::PackageError;
use huiliu_authoring::gate::trial::GateError;
use huiliu_authoring::infer::InferFault;
use huiliu_decode::DecodeFault;
use huiliu_engine::replay::ReplayFault;
use huiliu_engine::schedule::ScheduleFault;
use huiliu_manifest::ManifestFault;
use huiliu_manifest::explain::ExplainFault;
use huiliu_matching::table::TableFault;
use huiliu_matching::{WeightsFault, WeightsProblem};
use huiliu_messages::{Language, Message};
use huiliu_platform::{CursorFault, Failure};
use huiliu_queue::QueueFault;
use huiliu_rules::policy::PolicyFault;
use huiliu_store::StoreFault;
use huiliu_values::IdFault;
use huiliu_vault::key_file::KeyFileError;
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

impl Fault for ScheduleFault {
    fn in_chinese(&self) -> String {
        match self {
            Self::Form(why) => format!("不是 cron 表达式（{why}）"),
            Self::Never => "永远不会到来的时刻".into(),
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

said_by_catalogue!(
    Failure,
    CursorFault,
    DecodeFault,
    StoreFault,
    QueueFault,
    KeyFault,
    KeyFileError,
    IdFault,
    ManifestFault,
    ExplainFault,
    TableFault,
    WeightsFault,
    WeightsProblem,
    PolicyFault,
    DisguiseFault,
    GateError,
    PackageError,
    InferFault
);

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
    use huiliu_messages::{DatabaseError, SystemError};
    use huiliu_platform::Cause;
    use huiliu_queue::QueueError;
    use huiliu_store::{ConnectError, SchemaError};

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
                    database: "h:5432/huiliu".into(),
                    why: ConnectError::Refused(DatabaseError::System(SystemError::ConnectionRefused)),
                }
                .in_chinese(),
                &["无法打开数据库", "连接被拒绝", "端口"][..],
            ),
            (StoreFault::Schema(SchemaError::Behind { applied: 1, known: 2 }).in_chinese(), &["1", "2", "migrate"]),
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
                QueueFault::Unreachable { queue: "redis:x".into(), why: QueueError::Scheme }.in_chinese(),
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
