//! Asks about columns that may say that a row does not count: withdrawn, not approved, unfinished, absent, counted before.

use crate::infer::candidates::Columns;
use crate::infer::doubts;
use crate::infer::guess::{Pass, Question};
use crate::infer::settle::Settled;

/// At most this many words of rows that may not count are listed.
const MAX_WORDS: usize = 6;
/// A column of states has at most this many different texts, and none longer than this many characters.
const MAX_STATES: usize = 8;
const MAX_STATE_CHARS: usize = 12;
/// Share of words of a result, in per cent, from which on a column is one of results.
const RESULTS: usize = 60;
/// Length of the longest remark that is searched, in characters.
const MAX_REMARK_CHARS: usize = 30;

/// Words in names of columns that hold a state of the row, or of something that decides whether it counts.
const STATE_NAMES: &str = "状态 审核 审批 认定 确认 复核 有效 无效 作废 删除 撤销 取消 退学 退训 退班 退出 注销 标志 标记 是否 完成情况 考勤 出勤 缺勤 签到 \
    在训 学籍 重复 作弊 违纪 订单 支付 退款 结果 进度 status state event audit approv review valid delete deleted delflag isdel del \
    flag active enabled completed complete finished cancel void revoked withdrawn dropped duplicate attend order";
/// Words in names of columns that hold an attribute of the person or the course, whatever is yes or no there.
const ATTRIBUTES: &str = "在编 党员 骨干 班主任 农村 乡村 特岗 民族 汉族 新教师 必修 选修 住宿 住校 就餐 打印 发放 领取 邮寄 身份 性别 婚 健康 职称 学历 学位 \
    层次 级别 类型 类别 形式 方式 学段 学科 岗位 职务 来源 单位 region gender type kind category \
    人 员 时间 日期 编号 次数 学时 学分 date time user name number score hours credit";
/// Words in names of which a yes means that the row does not count.
const NEGATED_NAMES: &str = "无效 作废 删除 撤销 取消 退 注销 缺 旷 作弊 违纪 重复 del cancel void revoked withdrawn dropped duplicate absent \
    inactive disabled invalid 不 未 免 缓 补";
/// Words of a row that counts.
const COUNTS: &str = "正常 有效 通过 已通过 审核通过 审批通过 已审核 已审批 同意 合格 完成 已完成 结业 已结业 毕业 已毕业 认定 已认定 已确认 确认 全勤 出勤 到 \
    已到 已签到 启用 在籍 在册 已支付 已付款 支付成功 成功 已发布 √ ✓ normal active valid ok approved accepted passed pass completed complete \
    finished done success paid published enabled present";
const YES: &str = "是 1 true y yes t √ ✓";
const NO: &str = "否 0 false n no f × ✗";
/// Words in any column, wherever they stand in a text, of a row that may not count.
const STRONG: &str = "作弊 旷课 旷学 旷考 重复 未通过 未完成 未结业 未认定 未审核 作废 退学 退训 退班 取消 缺考 缓考 缺勤 无效 不计 不予 撤销 撤回 注销 删除 停用 \
    驳回 不同意 cancelled canceled void withdrawn revoked invalid duplicate cheat absent dropped deleted refunded rejected";

fn has_word(words: &str, text: &str) -> bool {
    words.split_whitespace().any(|word| word == text)
}

fn has_any(text: &str, words: &str) -> bool {
    words.split_whitespace().any(|word| text.contains(word))
}

/// What a column's name makes of its texts.
struct StateName {
    is_state: bool,
    is_negated: bool,
}

impl StateName {
    fn of(leaf: &str) -> Self {
        let leaf = leaf.to_lowercase();
        // 学时是否认定 is about the row, whatever else is named.
        let asks = leaf.contains("是否") && has_any(&leaf, "认定 计入 有效 作废 确认 审核 核定");
        let is_state = asks || leaf == "zt" || has_any(&leaf, STATE_NAMES) && !has_any(&leaf, ATTRIBUTES);
        Self { is_state, is_negated: has_any(&leaf.replace("是否", ""), NEGATED_NAMES) }
    }

    /// Returns whether a text of such a column says that the row counts.
    fn says_counts(&self, text: &str) -> bool {
        let small = text.to_lowercase();
        if has_word(YES, &small) {
            // What 1 means is known only where the name asks.
            !self.is_negated
        } else if has_word(NO, &small) {
            self.is_negated
        } else {
            // course.completed
            has_word(COUNTS, small.rsplit('.').next().unwrap_or(&small))
        }
    }
}

impl Columns<'_> {
    /// Asks about each column that nothing is read from and that may say of some rows that they do not count.
    pub fn ask_states(&self, settled: &mut Settled) {
        for (at, column) in self.table.columns.iter().enumerate() {
            let is_read = settled.fields.iter().any(|guess| guess.path == column.path);
            // What decides who passed is asked about as such.
            let decides = settled.verdicts.contains(&column.path)
                && self.facts[at].results >= RESULTS
                && matches!(settled.find_pass(self.table), Pass::Nothing);
            let leaf = column.words.last().map(String::as_str).unwrap_or_default();
            let is_explained = settled.questions.iter().any(|question| {
                matches!(question, Question::Legend { path, .. } if *path == column.path)
                    || matches!(question, Question::Rival { field: "result", other, .. } if *other == column.path)
            });
            if decides || is_explained || column.twin || is_read || Self::is_grouped(settled, at) {
                continue;
            }
            let name = StateName::of(leaf);
            let mut texts: Vec<&str> = Vec::new();
            for text in column.values.iter().flatten().map(|text| text.trim()).filter(|text| !text.is_empty()) {
                if texts.len() <= MAX_STATES * 8 && !texts.contains(&text) {
                    texts.push(text);
                }
            }
            let is_short = texts.len() <= MAX_STATES && texts.iter().all(|t| t.chars().count() <= MAX_STATE_CHARS);
            // Amounts and shares are no states; a digit may be one.
            let is_amount = |text: &&str| text.len() > 1 && text.starts_with(|c: char| c.is_ascii_digit());
            let is_short = is_short && !texts.iter().any(is_amount);
            let is_strong = |text: &&&str| {
                text.chars().count() <= MAX_REMARK_CHARS
                    // What changes the hours alone is asked about as such.
                    && !doubts::remarks_on_hours(text)
                    && !text.contains("://")
                    && has_any(&text.to_lowercase(), STRONG)
            };
            let doubted: Vec<&str> = match name.is_state && is_short {
                true => texts.iter().filter(|text| !name.says_counts(text)).copied().collect(),
                false => texts.iter().filter(is_strong).copied().collect(),
            };
            // One state of all rows says nothing, unless it is a bad one.
            let is_plain = texts.len() == 1 && !texts.iter().any(|text| is_strong(&text)) && !name.is_negated;
            let is_no = texts.iter().any(|text| has_word(NO, &text.to_lowercase()));
            if doubted.is_empty() || is_plain && !is_no {
                continue;
            }
            let words = doubted.into_iter().take(MAX_WORDS).map(str::to_owned).collect();
            settled.questions.push(Question::Withdrawn { path: column.path.clone(), words });
        }
    }
}

/// Words that say by themselves whether a training was passed.
const VERDICTS: &str = "合格 及格 通过 结业 肄业 毕业 达标 pass fail qualif";

impl Columns<'_> {
    /// Asks what decides, where a score does and a column that nothing is read from has verdicts: 结业, 肄业.
    pub fn ask_other_verdict(&self, settled: &mut Settled) {
        let Pass::Total { path } = settled.find_pass(self.table) else { return };
        let is_verdict = |at: &usize| {
            let (column, facts) = (&self.table.columns[*at], &self.facts[*at]);
            let is_read = settled.fields.iter().any(|guess| guess.path == column.path);
            let is_asked = settled.questions.iter().any(|question| match question {
                Question::Withdrawn { path, .. } | Question::Legend { path, .. } => *path == column.path,
                Question::Rival { path, other, .. } => *path == column.path || *other == column.path,
                _ => false,
            });
            let tells = |text: &String| {
                text.trim().chars().count() <= MAX_STATE_CHARS && has_any(&text.to_lowercase(), VERDICTS)
            };
            let texts = || column.values.iter().flatten().filter(|text| !text.trim().is_empty());
            (2..=MAX_STATES).contains(&facts.distinct) && !is_read && !is_asked && !column.twin && texts().all(tells)
        };
        if let Some(at) = (0..self.facts.len()).find(is_verdict) {
            settled.questions.push(Question::Pass { maybe: vec![self.table.columns[at].path.clone(), path] });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StateName;

    #[test]
    fn a_state_counts_or_is_asked_about() {
        for (name, text, counts) in [
            ("审核状态", "审核通过", true),
            ("审核状态", "待审核", false),
            ("是否有效", "是", true),
            ("是否有效", "否", false),
            ("delFlag", "0", true),
            ("delFlag", "1", false),
            ("是否作弊", "否", true),
            ("完成状态", "学习中", false),
            ("event", "course.completed", true),
            ("event", "course.started", false),
            ("学时是否认定", "否", false),
            ("是否计入学时", "是", true),
        ] {
            let name = StateName::of(name);
            assert!(name.is_state && name.says_counts(text) == counts, "{text}");
        }
        for name in ["是否在编", "培训方式", "学段", "姓名", "审核人", "认定学分", "完成时间"] {
            assert!(!StateName::of(name).is_state, "{name}");
        }
    }
}
