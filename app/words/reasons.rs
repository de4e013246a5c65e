//! Why a record cannot be used, in Chinese: the stable code is the language of core, the sentence is ours.

use std::borrow::Cow;
use std::collections::BTreeMap;

use huiliu_messages::{Language, Message, place_in};

use super::{chinese, phrases, tr};
use huiliu_values::PassState;

/// What is expected, for people: the Chinese sentence of a reason's code, else the English one that is stored.
pub fn expected<'a>(code: &str, english: &'a str) -> Cow<'a, str> {
    if !chinese() {
        return Cow::Borrowed(english);
    }
    sentence(code, english).map_or(Cow::Borrowed(english), Cow::Owned)
}

/// The raw field a reason is about: beside its own name, the Chinese name of the canonical field it became.
pub fn place<'a>(code: &str, source_field: &'a str) -> Cow<'a, str> {
    if !chinese() {
        return Cow::Borrowed(source_field);
    }
    let given = if source_field == "file name" { "文件名" } else { source_field };
    match code.rsplit_once('.').and_then(|(field, _)| field_title(field)) {
        Some(title) if title != given => Cow::Owned(format!("{title}（{given}）")),
        _ => Cow::Borrowed(given),
    }
}

/// Where a raw record stands: page and item, file and line, or sheet and row.
pub fn address(english: &str) -> Cow<'_, str> {
    place_in(super::language(), english)
}

/// How a sync run or a dead letter stands, how a record was assessed, on what a rule rests, what `doctor` looked at,
/// what hours are counted in.
pub fn word(english: &str) -> &str {
    match english {
        "running" => tr("running", "进行中"),
        "definite" => tr("definite", "确定"),
        "potential" => tr("potential", "待定"),
        "none" => tr("none", "无"),
        "new" => tr("new", "未查"),
        "id_number_and_name" => tr("ID number and name", "身份证号与姓名"),
        "teacher_number_and_name" => tr("teacher number and name", "教师编号与姓名"),
        "done" => tr("done", "完成"),
        "failed" => tr("failed", "失败"),
        "stopped" => tr("stopped", "已停止"),
        "open" => tr("open", "待处理"),
        "closed" => tr("closed", "已解决"),
        "discarded" => tr("discarded", "已作废"),
        "planning" => tr("planning", "计划中"),
        "planned" => tr("planned", "已计划"),
        "applied" => tr("applied", "已执行"),
        "stale" => tr("stale", "已失效"),
        "inserted" => tr("inserted", "新增"),
        "updated" => tr("updated", "更新"),
        "unchanged" => tr("unchanged", "未变"),
        "superseded" => tr("superseded", "过时"),
        "parked" => tr("parked", "待处理"),
        "due" => tr("due", "待投递"),
        "claimed" => tr("claimed", "投递中"),
        "quarantined" => tr("quarantined", "已隔离"),
        "gone" => tr("gone", "已不再待处理"),
        "stated" => tr("stated", "文件明文"),
        "adopted" => tr("adopted", "参照外地"),
        "assumed" => tr("assumed", "推定"),
        "excellent" => tr("excellent", "优秀"),
        "pass" => tr("pass", "合格"),
        "fail" => tr("fail", "不合格"),
        "settings" => tr("settings", "设置"),
        "connectors" => tr("connectors", "连接器"),
        "database" => tr("database", "数据库"),
        "schema" => tr("schema", "数据库结构"),
        "key" => tr("key", "密钥"),
        "key_file" => tr("key file", "密钥文件"),
        "queue" => tr("queue", "队列"),
        "orphans" => tr("orphans", "孤立行"),
        "roster" => tr("of the roster", "在册"),
        "provisional" => tr("provisional", "未入册"),
        "male" => tr("male", "男"),
        "female" => tr("female", "女"),
        "id_number" => tr("ID number", "身份证号"),
        "province" => tr("province", "省"),
        "prefecture" => tr("prefecture", "市州"),
        "direct" => tr("reports to the province", "省直报"),
        "county" => tr("county", "县区"),
        "kindergarten" => tr("kindergarten", "幼儿园"),
        "primary" => tr("primary school", "小学"),
        "adult_primary" => tr("adult primary school", "成人小学"),
        "junior_middle" => tr("junior middle school", "初中"),
        "vocational_junior_middle" => tr("vocational junior middle school", "职业初中"),
        "adult_junior_middle" => tr("adult junior middle school", "成人初中"),
        "senior_middle" => tr("senior middle school", "普通高中"),
        "adult_senior_middle" => tr("adult senior middle school", "成人高中"),
        "secondary_vocational" => tr("secondary vocational school", "中职"),
        "correctional" => tr("correctional school", "工读学校"),
        "higher" => tr("higher education", "高校"),
        "adult_higher" => tr("adult higher education", "成人高校"),
        "special" => tr("special school", "特教学校"),
        "other" => tr("other", "其他"),
        "sweep" => tr("sweep", "巡检"),
        "minute" => tr("minutes", "分钟"),
        "class_hour" => tr("class hours", "学时"),
        "hour" => tr("hours", "小时"),
        "half_day" => tr("half days", "个半天"),
        "day" => tr("days", "天"),
        "credit" => tr("credits", "学分"),
        other => other,
    }
}

/// Whether the teacher passed.
pub fn pass_word(state: PassState) -> &'static str {
    match state {
        PassState::Passed => tr("passed", "合格"),
        PassState::Failed => tr("failed", "不合格"),
        PassState::NotAssessed => tr("not_assessed", "未测评"),
        PassState::Pending => tr("pending", "待定"),
    }
}

/// Canonical field → Chinese name.
const TITLES: &[(&str, &str)] = &[
    ("record_name", "记录编号"),
    ("name", "姓名"),
    ("id_number", "身份证号"),
    ("school_code", "学校标识码"),
    ("project_code", "项目编号"),
    ("project_title", "项目名称"),
    ("course_code", "课程编号"),
    ("course_title", "课程名称"),
    ("role", "角色"),
    ("mode", "培训模式"),
    ("delivery_code", "培训方式码"),
    ("category_code", "培训类别码"),
    ("tier", "层级"),
    ("required", "必修选修"),
    ("place", "培训地点"),
    ("hours", "学时"),
    ("period_start", "开始日期"),
    ("period_end", "结束日期"),
    ("period", "起止日期"),
    ("certificate_number", "证书编号"),
    ("score.learning", "课程学习成绩"),
    ("score.activity", "研修活动成绩"),
    ("score.artefact", "应用成果成绩"),
    ("score.total", "总成绩"),
    ("result", "结果"),
    ("sex", "性别"),
    ("birth_date", "出生日期"),
    ("former_name", "曾用名"),
    ("former_id_number", "原身份证号"),
    ("teacher_number", "教师编号"),
    ("phone", "联系电话"),
    ("position", "职务"),
    ("stage", "任教学段"),
    ("teacher_ref", "来源人员标识"),
    ("school_ref", "来源学校标识"),
    ("school_name", "学校名称"),
    ("member_from", "到校日期"),
    ("member_to", "离校日期"),
    ("active", "是否在校"),
    ("as_of", "内容日期"),
    ("region_code", "行政区划代码"),
    ("valid_from", "启用日期"),
    ("valid_to", "停用日期"),
    ("successor_code", "承继学校标识码"),
    ("row", "行规则"),
    ("version", "版本"),
    ("record_key", "记录主键"),
    ("record", "记录"),
];

/// The Chinese name of a canonical field.
pub fn field_title(field: &str) -> Option<&'static str> {
    TITLES.iter().find(|(name, _)| *name == field).map(|(_, title)| *title)
}

/// (field or family of fields, nothing for any; last part of the code) → what is expected.
const SENTENCES: &[(&str, &str, &str)] = &[
    ("hours", "range", "培训时长不得为负，也不得超过 99999 学时"),
    ("hours", "unit", "时长单位须是规则包中有换算规则的单位"),
    ("course_code", "missing", "应填写来源的课程编号，此处为空"),
    ("period", "order", "结束日期不得早于开始日期"),
    ("record_key", "missing", "构成记录主键的每个字段都应有值"),
    ("result", "missing", "应填写结果，此处为空"),
    ("date", "order", "结束日期不得早于开始日期"),
    ("date", "differs", "出生日期应与身份证号一致"),
    ("sex", "value", "性别应为 男 或 女"),
    ("sex", "differs", "性别应与身份证号一致"),
    ("id_number", "shared", "一个身份证号只能属于一人；名册中另有姓名使用此号码"),
    ("id_number", "other_teacher", "应为该行原属教师的身份证号；此号码已属另一名教师，须由人裁定"),
    ("former_id_number", "other_teacher", "原身份证号与现身份证号应属同一名教师；两个号码现属两人，须由人裁定"),
    ("record_key", "other_person", "应为该记录原来的人员；此行的姓名与身份证号均不同"),
    ("school_code", "missing", "应填写教师所在学校，此处为空"),
    ("school_code", "unknown", "应为名册中的学校；该校到来后此行自动录入"),
    ("school_ref", "missing", "应填写教师所在学校，此处为空"),
    ("school_ref", "unknown", "应为名册中的学校；该校到来后此行自动录入"),
    ("school_name", "missing", "应填写学校名称，此处为空"),
    ("teacher_ref", "missing", "应填写来源系统中的人员标识，此处为空"),
    ("teacher_ref", "unknown", "应为该来源的人员；此人到来后此行自动录入"),
    ("region_code", "area", "应为曾经存在的区划代码，共 6 位"),
    ("active", "value", "应为 true 或 false"),
    ("", "character", "不得含控制字符"),
    ("", "scale", "应为可以精确换算的普通十进制数"),
    ("", "level", "应为等级词，如 优秀、合格、不合格、通过、未通过"),
    ("", "stored_as_number", "应为文本单元格：电子表格对数字只保留 15 位，其余位数不可信"),
    ("", "formula_error", "应为有值的单元格，而不是公式的错误"),
];

fn sentence(code: &str, english: &str) -> Option<String> {
    let (field, fault) = code.rsplit_once('.')?;
    let family = match field {
        "period_start" | "period_end" | "birth_date" | "member_from" | "member_to" | "valid_from" | "valid_to"
        | "as_of" => "date",
        "former_id_number" if fault != "other_teacher" => "id_number",
        "former_name" => "name",
        "successor_code" => "school_code",
        _ if field.starts_with("score.") => "score",
        _ => field,
    };
    if let Some((.., words)) = SENTENCES.iter().find(|(f, c, _)| (*f == family || f.is_empty()) && *c == fault) {
        return Some((*words).to_owned());
    }
    // A fault of a value is a message of its own.
    let code = format!("{family}.{fault}");
    let said = Message::new(&BTreeMap::from([("code", &code)])).say(Language::Chinese);
    if said != code {
        return Some(said);
    }
    // The others have a number or a choice in them that only the English words tell.
    match phrases::translate(english) {
        Cow::Owned(words) => Some(words),
        Cow::Borrowed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use huiliu_values::{DateFault, HoursFault, IdFault, NameFault, ScoreFault};

    use super::*;

    /// Every code that core can give, with the English words it comes with. A new variant must be added here.
    fn codes() -> Vec<(String, String)> {
        use DateFault as D;
        use HoursFault as H;
        use IdFault as I;
        use NameFault as N;
        use ScoreFault as S;
        let mut all = vec![];
        let mut add = |field: &str, code: &str, words: String| all.push((format!("{field}.{code}"), words));
        for f in [I::Missing, I::Damaged, I::Length, I::Character, I::CheckDigit, I::Area, I::Date] {
            add("id_number", f.code(), f.to_string());
        }
        for f in [N::Missing, N::Length, N::Character] {
            add("name", f.code(), f.to_string());
        }
        for f in [H::Missing, H::NotANumber, H::Negative, H::TooLarge, H::NotExact] {
            add("hours", f.code(), f.to_string());
        }
        for field in ["score.learning", "score.activity", "score.artefact", "score.total"] {
            for f in [S::Missing, S::NotANumber, S::Range, S::Precision] {
                add(field, f.code(), f.to_string());
            }
        }
        for field in ["period_start", "period_end"] {
            for f in [D::Missing, D::Form, D::Impossible, D::DayMissing] {
                add(field, f.code(), f.to_string());
            }
        }
        for field in ["record_name", "course_code", "role", "delivery_code", "certificate_number"] {
            add(field, "length", "at most 50 characters".into());
        }
        for code in ["stored_as_number", "formula_error", "scale", "level"] {
            add("id_number", code, String::new());
        }
        add("period_end", "format", "a day written as %Y.%m.%d or %d/%m/%Y".into());
        add("result", "missing", "one of excellent, pass, fail".into());
        add("result", "value", "one of excellent, pass, fail".into());
        add("hours", "unit", "a unit that the policy file converts".into());
        add("course_code", "missing", "the source's code of the course".into());
        add("period", "order", "a last day not before the first".into());
        for (field, code) in [
            ("birth_date", "date"),
            ("birth_date", "differs"),
            ("sex", "value"),
            ("sex", "differs"),
            ("member_to", "order"),
            ("valid_to", "order"),
            ("id_number", "shared"),
            ("id_number", "other_teacher"),
            ("former_id_number", "other_teacher"),
            ("former_id_number", "check_digit"),
            ("former_name", "character"),
            ("record_key", "other_person"),
            ("school_code", "missing"),
            ("school_code", "form"),
            ("school_code", "category"),
            ("school_code", "unknown"),
            ("school_ref", "missing"),
            ("school_ref", "unknown"),
            ("school_name", "missing"),
            ("teacher_ref", "missing"),
            ("teacher_ref", "unknown"),
            ("successor_code", "form"),
            ("region_code", "area"),
            ("active", "value"),
            ("phone", "character"),
        ] {
            add(field, code, String::new());
        }
        add("version", "form", "an integer or an instant".into());
        add("version", "form", "an export date of eight digits in the file name".into());
        add("record_key", "missing", "a value in every field that makes the record the same record".into());
        all
    }

    #[test]
    fn every_code_has_a_chinese_sentence_and_every_field_a_title() {
        for (code, english) in codes() {
            let words = sentence(&code, &english);
            assert!(words.as_deref().is_some_and(|w| w.chars().any(|c| c >= '\u{4E00}')), "{code}: {words:?}");
            let field = code.rsplit_once('.').map(|(field, _)| field).unwrap_or_default();
            assert!(field_title(field).is_some(), "{field} has no Chinese name");
        }
        // Filters know them, too.
        let mut known: Vec<String> = codes().into_iter().map(|(code, _)| code).collect();
        known.sort_unstable();
        known.dedup();
        assert_eq!(known, huiliu_engine::reason_codes::REASON_CODES);
        assert_eq!(sentence("role.length", "at most 50 characters").as_deref(), Some("不得超过 50 个字符"));
        assert_eq!(sentence("role.colour", "a colour"), None);
    }

    /// A new variant does not compile here until it is listed above.
    #[test]
    fn no_variant_is_forgotten() {
        let listed = |i: IdFault, n: NameFault, h: HoursFault, s: ScoreFault, d: DateFault| {
            use {DateFault as D, HoursFault as H, IdFault as I, NameFault as N, ScoreFault as S};
            let id = match i {
                I::Missing | I::Damaged | I::Length | I::Character | I::CheckDigit | I::Area | I::Date => 7,
            };
            let name = match n {
                N::Missing | N::Length | N::Character => 3,
            };
            let hours = match h {
                H::Missing | H::NotANumber | H::Negative | H::TooLarge | H::NotExact => 5,
            };
            let score = match s {
                S::Missing | S::NotANumber | S::Range | S::Precision => 4 * 4,
            };
            let date = match d {
                D::Missing | D::Form | D::Impossible | D::DayMissing => 2 * 4,
            };
            id + name + hours + score + date
        };
        let of_values =
            listed(IdFault::Missing, NameFault::Missing, HoursFault::Missing, ScoreFault::Missing, DateFault::Missing);
        assert_eq!(codes().len(), of_values + 18 + 25);
    }
}
