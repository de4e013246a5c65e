//! Words in a column's name that make another quantity of it: hours per week are not the hours of a training, an entrance
//! score is not its result, and the last day to register is not its end.

use crate::infer::dictionary::{EXACT, Match, split_tokens};
use crate::infer::terms::Meaning;
use huiliu_manifest::Field;

/// What a name makes of an amount of training time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OtherHours {
    /// An amount per day, week, time or person.
    Rate,
    /// What is left, required, planned, claimed or added up over a year.
    Stock,
}

const RATES: &str = "每 日均 周均 月均 年均 人均 平均 单次 单节 单日 单周 周学时 周课时 周时长 月学时 月课时 月时长 日学时 日课时 日时长 天学时 天课时 \
    /周 /月 /次 /人 /期 /年 /星期 /week /month /person /session";
const RATES_ENGLISH: &str = "per weekly daily monthly average avg mean each every";
const STOCKS: &str = "剩余 剩 结余 未 欠 缺 尚 还需 差 应得 应修 应学 应完成 应获 应达 应有 需 要求 计划 规定 标准 额定 目标 达标 任务 定额 上限 下限 \
    最高 最低 最多 最少 封顶 限额 年度 年累计 历年 年总 学年 本年 全年 申报 申请 拟 预计 授课 讲课 任课 待 扣 结转 补 减免 免修";
const STOCKS_ENGLISH: &str = "remaining left outstanding missing required require planned plan target max maximum limit \
    quota deduct deducted deduction expected owed annual yearly ytd requested pending taught unfinished incomplete uncompleted";
/// Words by which hours are added up over several trainings, if hours of one training stand beside them.
const ADDED_UP: &str = "累计学时 累积学时 累计课时 累积课时 总学时 总课时";
/// Words by which hours are taken off.
const DEDUCTIONS: &str = "扣 缺勤 缺课 请假 旷课 deduct absen";
/// Words of a number that hours are multiplied by.
const FACTORS: &str = "系数 折算比 学时比 课时比 权重";
const FACTORS_ENGLISH: &str = "factor coefficient ratio multiplier";
/// Words of sums.
const SUMS: &str = "合计 小计 总计 共计 累计 subtotal";
/// Words of a day until which something is valid.
const VALIDITIES: &str = "有效 失效 到期 expir valid";
/// Words of a number of days, weeks or times.
const COUNTS: &str = "周数 天数 次数 日数 节数 月数 场次 场数 人数 期数 weeks days times sessions";
const OTHER_RESULTS: &str = "入学 入职 资格 年度 年终 学年 师德 体检 审查 审核 审批 初审 复审 终审 意见 打印 面试 录取 招聘 职称 普通话 选拔 述职 满意 平均 \
    期中 前测 模拟 摸底 排名 补考 初考 重考 上次 去年 上年 往年 历史 计算机 外语 英语 单位考核 学校考核 高考 学历 缴费 签到 申报 申请 推荐 评选 荣誉 竞赛 \
    比赛 报名 在编 心理 作业 平时";
const OTHER_RESULTS_ENGLISH: &str = "entrance entry admission annual medical health audit review reviewed approval \
    interview average avg mean midterm satisfaction makeup retake resit print payment";
/// A word of another result, unless the whole name is a known one.
const ASSESSMENT: &str = "评价";
const OTHER_DAYS: &str = "报名 注册 缴费 选课 申报 申请 提交 审核 审批 发证 有效 失效 到期 打印 登记 录入 上报 公示 入职 参加工作 导出 统计 签到 预计 计划 \
    应完成 应于 最晚 最迟";
const OTHER_DAYS_ENGLISH: &str = "due expire expires expiry expiration valid register registration enrol enroll enrolment \
    enrollment apply application planned expected print audit approval submit";
const DEADLINES: [&str; 3] = ["截止", "截至", "deadline"];

/// Length of the longest remark that is read, in characters.
const MAX_REMARK: usize = 40;
/// Score of a word of hours in a name with one that says which hours they are, and the least score of that word.
const QUALIFIED: u32 = 70;
const MIN_PART: u32 = 30;

fn has_any(text: &str, words: &str) -> bool {
    words.split_whitespace().any(|word| text.contains(word))
}

fn has_token(text: &str, words: &str) -> bool {
    let tokens = split_tokens(text);
    words.split_whitespace().any(|word| tokens.iter().any(|token| token == word))
}

fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Returns what a name, without its brackets, makes of hours. A unit of a day behind class hours is no unit: 学时/天.
fn other_hours(name: &str) -> Option<OtherHours> {
    let text = without_spaces(name).replace("学时每", "学时/");
    let small = text.to_lowercase();
    let per_day = ["学时/天", "课时/天", "学时/日", "课时/日", "hours/day"].iter().any(|word| small.contains(word));
    if per_day || has_any(&small, RATES) || has_token(name, RATES_ENGLISH) {
        Some(OtherHours::Rate)
    } else if has_any(&small, STOCKS) || has_token(name, STOCKS_ENGLISH) {
        Some(OtherHours::Stock)
    } else {
        None
    }
}

/// What of a column's name is searched for such words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    /// The name without its brackets.
    pub base: &'a str,
    /// Texts in its brackets.
    pub inner: &'a [String],
    /// The headings above it.
    pub above: &'a [String],
}

impl Words<'_> {
    /// Returns the texts that may qualify the name. A long heading is a title of the table.
    fn list_texts(&self) -> Vec<&str> {
        let short = |text: &&String| text.chars().count() <= 6 && !text.chars().any(|c| c.is_ascii_digit());
        let around = self.inner.iter().chain(self.above).filter(short).map(String::as_str);
        std::iter::once(self.base).chain(around).collect()
    }
}

/// Gives meanings that such a word contradicts the meaning of the other quantity. Returns what it makes of hours.
pub(super) fn qualify_matches(words: Words<'_>, matches: &mut Vec<Match>) -> Option<OtherHours> {
    let texts = words.list_texts();
    let has = |chinese: &str, english: &str| {
        texts.iter().any(|text| has_any(&without_spaces(text), chinese) || has_token(text, english))
    };
    let hours = texts.iter().find_map(|text| other_hours(text));
    let has_other_result = has(OTHER_RESULTS, OTHER_RESULTS_ENGLISH);
    let has_other_day = has(OTHER_DAYS, OTHER_DAYS_ENGLISH);
    let is_assessed = words.base.contains(ASSESSMENT);
    for found in matches.iter_mut() {
        let Meaning::Field(field) = found.meaning else { continue };
        let is_result = matches!(field, Field::Result | Field::ScoreTotal);
        let contradicts = has_other_result || is_assessed && found.score < EXACT;
        // A word that says which hours they are says that they are hours.
        if field == Field::Hours && hours.is_some() && found.score >= MIN_PART {
            found.score = found.score.max(QUALIFIED);
        }
        found.meaning = match field {
            Field::Hours if hours.is_some() => Meaning::PlannedHours,
            Field::PeriodStart | Field::PeriodEnd if has_other_day => Meaning::OtherTime,
            _ if is_result && contradicts => Meaning::OtherScore,
            _ => continue,
        };
    }
    // Each meaning stands once, with its best word.
    matches.sort_by_key(|found| std::cmp::Reverse(found.score));
    let mut seen: Vec<Meaning> = Vec::new();
    matches.retain(|found| {
        let is_new = !seen.contains(&found.meaning);
        seen.push(found.meaning);
        is_new
    });
    hours
}

/// Returns whether a name is that of hours added up over several trainings.
pub(super) fn is_added_up(name: &str) -> bool {
    has_any(&without_spaces(name), ADDED_UP)
}

/// Returns whether a name is that of hours that are taken off.
pub(super) fn names_a_deduction(name: &str) -> bool {
    has_any(&without_spaces(name).to_lowercase(), DEDUCTIONS)
}

/// Returns whether a name is that of a number that hours are multiplied by.
pub(super) fn names_a_factor(name: &str) -> bool {
    let is_factor = has_any(&without_spaces(name), FACTORS) || has_token(name, FACTORS_ENGLISH);
    is_factor && !has_any(name, "成绩 分数 得分 score")
}

/// Returns whether a name in lower case is that of a sum.
pub(super) fn names_a_sum(name: &str) -> bool {
    has_any(name, SUMS)
}

/// Returns whether a name in lower case is that of a day until which something is valid.
pub(super) fn names_a_validity(name: &str) -> bool {
    has_any(name, VALIDITIES)
}

/// Returns whether a name is that of the minutes of a class hour.
pub(super) fn names_a_length(name: &str) -> bool {
    let name = without_spaces(name).to_lowercase();
    has_any(&name, "每学时 每课时 每节 单节 单课时 单学时 每个学时 每个课时 perhour perperiod perclass")
        && has_any(&name, "分 时长 min")
}

/// Returns whether a text of a row says something about its hours: 学时按4计, 病假缺勤2学时.
pub(super) fn remarks_on_hours(text: &str) -> bool {
    let text = without_spaces(text);
    let length = text.chars().count();
    let has_number = text.contains(|c: char| c.is_ascii_digit() || "一二两三四五六七八九十半".contains(c));
    let is_name = text.contains('课') && !text.contains("课时");
    (4..=MAX_REMARK).contains(&length)
        && has_any(&text, "学时 课时")
        && has_number
        && !is_name
        && !states_an_amount(&text)
}

/// Returns whether a text is an amount of hours and nothing else: 8学时.
fn states_an_amount(text: &str) -> bool {
    let rest =
        text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || "一二两三四五六七八九十".contains(c));
    has_any("学时 课时 个学时 个课时", rest) && rest.len() < text.len()
}

/// Returns whether a name is that of a number of days, weeks or times.
pub(super) fn is_count(name: &str) -> bool {
    has_any(&without_spaces(name).to_lowercase(), COUNTS)
}

/// Returns whether a name is that of the last day on which something can be done.
pub(super) fn is_deadline(name: &str) -> bool {
    let name = name.to_lowercase();
    DEADLINES.iter().any(|word| name.contains(word))
}

/// Parts into which the hours of a training are divided; neither is the whole.
const PARTS: [(&str, &str); 6] =
    [("理论", "实践"), ("线上", "线下"), ("集中", "网络"), ("面授", "网络"), ("小时", "分钟"), ("讲授", "实操")];

/// Returns whether two columns are named as the parts of one amount.
pub(super) fn are_parts(one: &str, other: &str) -> bool {
    let is_pair = |(a, b): &(&str, &str)| {
        let of = |name: &str, part: &str, rest: &str| name.contains(part) && !name.contains(rest);
        of(one, a, b) && of(other, b, a) || of(one, b, a) && of(other, a, b)
    };
    PARTS.iter().any(is_pair)
}

/// Words of a last day, of a total score, of a part of one, and of a second try.
const ENDS: &str =
    "结束 结业 完成 截止 截至 止 终 毕业 结训 结课 end finish complet closing until to jssj jsrq wcsj jieshu wancheng";
const TOTALS: &str = "总 综合 最终 最后 结业 total final overall 合计";
const PARTS_OF_SCORES: &str = "考试 笔试 作业 讨论 平时 测验 期末 期中 理论 实操 实践 实训 出勤 考勤 表现 过程 线上 线下 论文 答辩 exam quiz homework \
    assignment discussion attendance practice theory paper";
const RESITS: &str = "补考 重考 重修 二次 复考 补测 retake resit makeup";
/// Words of what has a code and is no course.
const NO_COURSE_CODES: &str =
    "日期 时间 年 月 教室 教材 地点 场地 班级 班号 分班 班别 组 座 证 人 date time day room book class group seat";

/// Returns whether a name says that it is of the last day.
pub(super) fn names_an_end(name: &str) -> bool {
    let name = name.to_lowercase();
    ENDS.split_whitespace().any(|word| match word {
        "to" => split_tokens(&name).iter().any(|token| token == word),
        _ => name.contains(word),
    })
}

/// Returns whether a name says that it is of a total.
pub(super) fn names_a_total(name: &str) -> bool {
    has_any(&name.to_lowercase(), TOTALS)
}

/// Returns whether a name says that it is of a part of a score.
pub(super) fn names_a_part(name: &str) -> bool {
    has_any(&name.to_lowercase(), PARTS_OF_SCORES)
}

/// Returns whether a name asks whether the teacher passed.
pub(super) fn names_passing(name: &str) -> bool {
    has_any(&name.to_lowercase(), "合格 通过 及格 达标 pass qualif")
}

/// Returns whether a name says that it is of a second try.
pub(super) fn names_a_resit(name: &str) -> bool {
    has_any(&name.to_lowercase(), RESITS)
}

/// Returns whether a name is that of codes of something else than courses.
pub(super) fn names_no_course(name: &str) -> bool {
    has_any(&name.to_lowercase(), NO_COURSE_CODES)
}

/// Returns whether a name states class hours and another unit beside them: 学时/学分, 学时（分）.
pub(super) fn names_two_units(leaf: &str) -> bool {
    let text: String = without_spaces(leaf).replace('（', "(").replace('）', ")").replace('_', "").to_lowercase();
    // A credit hour is one word.
    let text = text.replace("credithour", "hour");
    let has_hours = has_any(&text, "学时 课时 hour");
    let is_points = ["(分)", "/分", "(分数)"].iter().any(|end| text.contains(end)) && !text.contains("分钟");
    has_hours && (has_any(&text, "学分 credit") || is_points)
}

/// Returns whether a name in lower case asks for the opposite of passing, as 是否补考 does.
pub(super) fn is_negated(leaf: &str) -> bool {
    ["未", "不", "补", "缺", "免", "重修", "重考", "缓", "fail", "not", "retake", "resit", "makeup"]
        .iter()
        .any(|word| leaf.contains(word))
}
