//! Why decisions are not taken and tables not matched, in Chinese.

use huiliu_engine::operations::decisions::DecisionRefused;
use huiliu_engine::operations::matching::MatchError;

use super::faults::Fault;

impl Fault for DecisionRefused {
    fn in_chinese(&self) -> String {
        match self {
            Self::RevokedAlready { record, decision, at, by } => format!(
                "记录 {record} 已于 {at} 由 {by} 撤销（决定 {decision}）；用 `huiliu decisions undo {decision}` 可撤回该决定"
            ),
            Self::UndoneAlready { decision, undone_by, at, by } => {
                format!("决定 {decision} 已于 {at} 由 {by} 撤回（决定 {undone_by}）")
            }
            Self::MergedIntoItself => "不能把教师并入自己".into(),
            Self::Already { decision } => format!("决定 {decision} 已经这样认定"),
            Self::OnRoster { teacher } => {
                format!("教师 {teacher} 在名册中，以名册为准；请在名册中填写原身份证号")
            }
            Self::MovedSince { decision } => format!("此后的决定 {decision} 又把同一批号码改归他人；请先撤回该决定"),
        }
    }
}

impl Fault for MatchError {
    fn in_chinese(&self) -> String {
        match self {
            Self::Table(fault) => fault.in_chinese(),
            Self::Weights(fault) => fault.in_chinese(),
            Self::Thresholds { file, why } => format!("{}：[thresholds] 一节：{}", file.display(), why.in_chinese()),
        }
    }
}
