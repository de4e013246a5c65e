//! Evidence and verdicts of matching, in words.

use huiliu_matching::{Doubt, Evidence, Field, Level, Role, Verdict};

use super::tr;

/// One line of evidence with its weight in bits: `name equal +11.3`.
pub fn evidence(line: &Evidence) -> String {
    let weight = bits(line.weight);
    match line.level {
        Some(level) => format!("{} {} {weight}", field(line.field), level_word(level)),
        None => format!("{} {weight}", field(line.field)),
    }
}

/// Thousandths of a bit as bits with a sign and one decimal, cut off.
pub fn bits(weight: i64) -> String {
    let sign = if weight < 0 { '-' } else { '+' };
    let tenths = weight.unsigned_abs() / 100;
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

/// A verdict.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Definite => tr("definite", "确定"),
        Verdict::Potential => tr("potential", "待定"),
        Verdict::None => tr("none", "无"),
    }
}

/// What kept a claim from being definite, or from being none.
pub fn doubt(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Rivals => tr("two candidates are too near each other", "两个候选过于接近"),
        Doubt::BetterName => tr("another candidate has this very name", "另一候选的姓名完全相同"),
        Doubt::Crowded => tr("too many share what is known", "符合已知信息的人过多"),
    }
}

/// What a text says of a person.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Name => field(Field::Name),
        Role::FormerName => tr("former name", "曾用名"),
        Role::GivenName => field(Field::GivenName),
        Role::FamilyName => field(Field::FamilyName),
        Role::IdNumber => field(Field::IdNumber),
        Role::TeacherNumber => field(Field::TeacherNumber),
        Role::BirthDate => field(Field::BirthDate),
        Role::Sex => field(Field::Sex),
        Role::Phone => field(Field::Phone),
        Role::SchoolCode => tr("school code", "学校标识码"),
        Role::School => field(Field::School),
        Role::Region => tr("region", "地区"),
        Role::Address => field(Field::Address),
        Role::Postcode => field(Field::Postcode),
        Role::Text => field(Field::Text),
    }
}

fn field(field: Field) -> &'static str {
    match field {
        Field::Name => tr("name", "姓名"),
        Field::GivenName => tr("given name", "名"),
        Field::FamilyName => tr("family name", "姓"),
        Field::IdNumber => tr("ID number", "证件号"),
        Field::TeacherNumber => tr("teacher number", "教师编号"),
        Field::BirthDate => tr("birth date", "出生日期"),
        Field::Sex => tr("sex", "性别"),
        Field::Phone => tr("phone", "电话"),
        Field::School => tr("school", "学校"),
        Field::Address => tr("address", "地址"),
        Field::Postcode => tr("postcode", "邮编"),
        Field::Text => tr("text", "文本"),
        Field::Prior => tr("prior", "先验"),
    }
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::Equal => tr("equal", "相同"),
        Level::Variant => tr("in variant characters", "繁简或异体相同"),
        Level::Former => tr("a former name", "与曾用名相同"),
        Level::Part => tr("a part of the other", "为对方的一部分"),
        Level::Homophone => tr("of the same sound", "同音"),
        Level::HomophoneToneless => tr("of the same sound but for the tone", "同音不同调"),
        Level::NearHomophone => tr("of nearly the same sound", "近音"),
        Level::Sound => tr("of the same sound or shape", "音同或形近"),
        Level::LookAlike => tr("look alike", "形近"),
        Level::OneCharacter => tr("one character apart", "差一字"),
        Level::OneOfTwo => tr("one of two characters", "两字差一字"),
        Level::Swapped => tr("in another order", "次序颠倒"),
        Level::Initial => tr("an initial", "仅首字母"),
        Level::Close => tr("close", "接近"),
        Level::Fair => tr("somewhat alike", "有些相近"),
        Level::Family => tr("family name only", "仅姓相同"),
        Level::Masked64 => tr("masked, 6+4 agree", "掩码，6+4 位相符"),
        Level::Masked44 => tr("masked, 4+4 agree", "掩码，4+4 位相符"),
        Level::Masked34 => tr("masked, 3+4 agree", "掩码，3+4 位相符"),
        Level::Masked => tr("masked, what is shown agrees", "掩码，可见部分相符"),
        Level::EqualUnchecked => tr("equal, not a valid number", "相同，但不是有效号码"),
        Level::OneDigit => tr("one digit apart", "差一位"),
        Level::TwoDigits => tr("two digits apart", "差两位"),
        Level::Transposed => tr("two digits exchanged", "两位颠倒"),
        Level::Rounded => tr("last digits lost in a spreadsheet", "末位被电子表格清零"),
        Level::SameBirth => tr("differs, same area and birth date", "不同，但地区和出生日期相同"),
        Level::Year => tr("same year only", "仅年份相同"),
        Level::Named => tr("same name", "名称相同"),
        Level::Region => tr("same region only", "仅地区相同"),
        Level::DiffersDamaged => tr("differs, damaged", "不同，且有损坏"),
        Level::Differs => tr("differs", "不同"),
    }
}
