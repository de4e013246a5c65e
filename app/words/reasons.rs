//! Why a record cannot be used, in Chinese: the stable code is the language of core, the sentence is ours.

use std::borrow::Cow;
use std::collections::BTreeMap;

use huiliu_messages::{Language, Message, place_in};

use super::{chinese, label, phrases};
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
        "running" => label("cli-words-reasons-running"),
        "definite" => label("cli-words-reasons-definite"),
        "potential" => label("cli-words-reasons-potential"),
        "none" => label("cli-words-reasons-none"),
        "new" => label("cli-words-reasons-new"),
        "id_number_and_name" => label("cli-words-reasons-id-number-name"),
        "teacher_number_and_name" => label("cli-words-reasons-teacher-number-name"),
        "done" => label("cli-words-reasons-done"),
        "failed" => label("cli-words-reasons-failed"),
        "stopped" => label("cli-words-reasons-stopped"),
        "open" => label("cli-words-reasons-open"),
        "closed" => label("cli-words-reasons-closed"),
        "discarded" => label("cli-words-reasons-discarded"),
        "planning" => label("cli-words-reasons-planning"),
        "planned" => label("cli-words-reasons-planned"),
        "applied" => label("cli-words-reasons-applied"),
        "stale" => label("cli-words-reasons-stale"),
        "inserted" => label("cli-words-reasons-inserted"),
        "updated" => label("cli-words-reasons-updated"),
        "unchanged" => label("cli-words-reasons-unchanged"),
        "superseded" => label("cli-words-reasons-superseded"),
        "parked" => label("cli-words-reasons-parked"),
        "due" => label("cli-words-reasons-due"),
        "claimed" => label("cli-words-reasons-claimed"),
        "quarantined" => label("cli-words-reasons-quarantined"),
        "gone" => label("cli-words-reasons-gone"),
        "stated" => label("cli-words-reasons-stated"),
        "adopted" => label("cli-words-reasons-adopted"),
        "assumed" => label("cli-words-reasons-assumed"),
        "excellent" => label("cli-words-reasons-excellent"),
        "pass" => label("cli-words-reasons-pass"),
        "fail" => label("cli-words-reasons-fail"),
        "settings" => label("cli-words-reasons-settings"),
        "connectors" => label("cli-words-reasons-connectors"),
        "database" => label("cli-words-reasons-database"),
        "schema" => label("cli-words-reasons-schema"),
        "key" => label("cli-words-reasons-key"),
        "key_file" => label("cli-words-reasons-key-file"),
        "queue" => label("cli-words-reasons-queue"),
        "orphans" => label("cli-words-reasons-orphans"),
        "roster" => label("cli-words-reasons-roster"),
        "provisional" => label("cli-words-reasons-provisional"),
        "male" => label("cli-words-reasons-male"),
        "female" => label("cli-words-reasons-female"),
        "id_number" => label("cli-words-reasons-id-number"),
        "province" => label("cli-words-reasons-province"),
        "prefecture" => label("cli-words-reasons-prefecture"),
        "direct" => label("cli-words-reasons-reports-province"),
        "county" => label("cli-words-reasons-county"),
        "kindergarten" => label("cli-words-reasons-kindergarten"),
        "primary" => label("cli-words-reasons-primary-school"),
        "adult_primary" => label("cli-words-reasons-adult-primary-school"),
        "junior_middle" => label("cli-words-reasons-junior-middle-school"),
        "vocational_junior_middle" => label("cli-words-reasons-vocational-junior-middle-school"),
        "adult_junior_middle" => label("cli-words-reasons-adult-junior-middle-school"),
        "senior_middle" => label("cli-words-reasons-senior-middle-school"),
        "adult_senior_middle" => label("cli-words-reasons-adult-senior-middle-school"),
        "secondary_vocational" => label("cli-words-reasons-secondary-vocational-school"),
        "correctional" => label("cli-words-reasons-correctional-school"),
        "higher" => label("cli-words-reasons-higher-education"),
        "adult_higher" => label("cli-words-reasons-adult-higher-education"),
        "special" => label("cli-words-reasons-special-school"),
        "other" => label("cli-words-reasons-other"),
        "sweep" => label("cli-words-reasons-sweep"),
        "minute" => label("cli-words-reasons-minutes"),
        "class_hour" => label("cli-words-reasons-class-hours"),
        "hour" => label("cli-words-reasons-hours"),
        "half_day" => label("cli-words-reasons-half-days"),
        "day" => label("cli-words-reasons-days"),
        "credit" => label("cli-words-reasons-credits"),
        other => other,
    }
}

/// Whether the teacher passed.
pub fn pass_word(state: PassState) -> &'static str {
    match state {
        PassState::Passed => label("cli-words-reasons-passed"),
        PassState::Failed => label("cli-words-reasons-failed-2"),
        PassState::NotAssessed => label("cli-words-reasons-assessed"),
        PassState::Pending => label("cli-words-reasons-pending"),
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
    ("role", "参训角色"),
    ("mode", "培训模式"),
    ("delivery_code", "培训方式码"),
    ("category_code", "培训类别码"),
    ("tier", "课程级别"),
    ("required", "必修或选修"),
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
    ("as_of", "内容起始日期"),
    ("region_code", "行政区划代码"),
    ("valid_from", "启用日期"),
    ("valid_to", "停用日期"),
    ("successor_code", "承继学校标识码"),
    ("row", "行规则"),
    ("version", "版本"),
    ("record_key", "记录标识"),
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
    ("record_key", "missing", "用来判断是否为同一条记录的每个字段都应有值"),
    ("result", "missing", "应填写结果，此处为空"),
    ("date", "order", "结束日期不得早于开始日期"),
    ("date", "differs", "出生日期应与身份证号一致"),
    ("sex", "value", "性别应为 男 或 女"),
    ("sex", "differs", "性别应与身份证号一致"),
    ("id_number", "shared", "一个身份证号只能属于一人；名册中此号码另有一个姓名"),
    ("id_number", "other_teacher", "此行原属一名教师，而所填号码已属另一名教师；须由人裁定"),
    ("former_id_number", "other_teacher", "原身份证号与现身份证号应属同一名教师；两个号码现属两人，须由人裁定"),
    ("record_key", "other_person", "此记录应仍属原来的人员；此行的姓名与身份证号均与其不同"),
    ("school_code", "missing", "应填写教师所在学校，此处为空"),
    ("school_code", "unknown", "应为名册中的学校；该校录入名册后，此行自动录入"),
    ("school_ref", "missing", "应填写教师所在学校，此处为空"),
    ("school_ref", "unknown", "应为名册中的学校；该校录入名册后，此行自动录入"),
    ("school_name", "missing", "应填写学校名称，此处为空"),
    ("teacher_ref", "missing", "应填写来源系统中的人员标识，此处为空"),
    ("teacher_ref", "unknown", "应为该来源的人员；收到此人的数据后，此行自动录入"),
    ("region_code", "area", "应为曾经存在的区划代码，共 6 位"),
    ("active", "value", "应为 true 或 false"),
    ("", "character", "不得含控制字符"),
    ("", "scale", "应为可以精确换算的普通十进制数"),
    ("", "level", "应为等级词，如 优秀、合格、不合格、通过、未通过"),
    ("", "stored_as_number", "应为文本单元格：电子表格对数字只保留 15 位，其余各位不可信"),
    ("", "formula_error", "单元格中应为值，而不是公式错误"),
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
    use huiliu_values::{DateError, HoursError, IdNumberError, NameError, ScoreError};

    use super::*;

    /// Every code that core can give, with the English words it comes with. A new variant must be added here.
    fn codes() -> Vec<(String, String)> {
        use DateError as D;
        use HoursError as H;
        use IdNumberError as I;
        use NameError as N;
        use ScoreError as S;
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
        let listed = |i: IdNumberError, n: NameError, h: HoursError, s: ScoreError, d: DateError| {
            use {DateError as D, HoursError as H, IdNumberError as I, NameError as N, ScoreError as S};
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
        let of_values = listed(
            IdNumberError::Missing,
            NameError::Missing,
            HoursError::Missing,
            ScoreError::Missing,
            DateError::Missing,
        );
        assert_eq!(codes().len(), of_values + 18 + 25);
    }
}
