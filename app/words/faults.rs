//! The faults of core in Chinese, with the same facts: what happened, where, what was expected, what to do.

use std::fmt::Display;

use huiliu_decode::DecodeError;
use huiliu_engine::database::OpenError;
use huiliu_engine::operations::OperationError;
use huiliu_engine::registry::RegistryError;
use huiliu_engine::settings_problem::SettingsProblem;
use huiliu_engine::source_check::SourceProblem;
use huiliu_engine::sources::SourceError;
use huiliu_manifest::ManifestError;
use huiliu_manifest::explain::ExplainError;
use huiliu_matching::table::TableError;
use huiliu_matching::{WeightsError, WeightsProblem};
use huiliu_messages::{Language, Message};
use huiliu_platform::{CursorFormatError, Failure};
use huiliu_queue::QueueError;
use huiliu_rules::policy::PolicyError;
use huiliu_store::StoreError;
use huiliu_values::IdNumberError;
use huiliu_vault::key_file::KeyFileError;
use huiliu_vault::keys::KeyError;

use super::chinese;
use super::phrases::translate;

/// A fault that has Chinese words beside its English ones.
pub trait Fault: Display {
    /// The Chinese words.
    fn in_chinese(&self) -> String;
}

/// A fault in the words of the locale.
pub fn spoken(fault: &impl Fault) -> String {
    if chinese() { fault.in_chinese() } else { fault.to_string() }
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
    CursorFormatError,
    DecodeError,
    StoreError,
    QueueError,
    KeyError,
    KeyFileError,
    IdNumberError,
    ManifestError,
    ExplainError,
    TableError,
    WeightsError,
    WeightsProblem,
    PolicyError,
    OperationError,
    SettingsProblem,
    SourceProblem,
    RegistryError,
    SourceError,
    OpenError
);

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
    use huiliu_queue::QueueCause;
    use huiliu_store::{ConnectError, SchemaError};

    #[test]
    fn faults_keep_their_facts() {
        for (said, facts) in [
            (
                StoreError::Unreachable {
                    database: "h:5432/huiliu".into(),
                    why: ConnectError::Refused(DatabaseError::System(SystemError::ConnectionRefused)),
                }
                .in_chinese(),
                &["无法打开数据库", "连接被拒绝", "端口"][..],
            ),
            (StoreError::Schema(SchemaError::Behind { applied: 1, known: 2 }).in_chinese(), &["1", "2", "migrate"]),
            (
                Failure { attempts: Some(7), ..Failure::passing(Cause::Unreachable { host: "h:81".into() }) }
                    .in_chinese(),
                &["h:81", "无法连接", "base_url", "7 次"],
            ),
            (
                Failure::fatal(Cause::Undecodable {
                    why: Box::new(DecodeError::Malformed {
                        format: "JSON".into(),
                        why: Malformed::NoValue { path: "x".into() },
                    }),
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
                QueueError::Unreachable { queue: "redis:x".into(), why: QueueCause::Scheme }.in_chinese(),
                &["redis:x", "sqlite:", "--queue"],
            ),
            (IdNumberError::CheckDigit.in_chinese(), &["校验码"]),
        ] {
            for fact in facts {
                assert!(said.contains(fact), "{fact:?} is not in {said:?}");
            }
        }
    }
}
