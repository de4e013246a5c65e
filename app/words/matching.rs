//! Evidence, verdicts and faults of matching, in words.

use huiliu_matching::table::TableFault;
use huiliu_matching::{Doubt, Evidence, Field, Level, Role, Verdict, WeightsFault};

use super::faults::Fault;
use super::phrases::translate;
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

impl Fault for WeightsFault {
    fn in_chinese(&self) -> String {
        match self {
            Self::Form { file, source } => format!("匹配规则文件 {file} 有误：{}", source.in_chinese()),
            Self::Rule { file, rule, why } => format!("匹配规则文件 {file} 中的 {rule} 有误：{}", translate(why)),
        }
    }
}

impl Fault for TableFault {
    fn in_chinese(&self) -> String {
        match self {
            Self::File { file, why } => {
                format!("{file}：{}；请检查文件是否存在、能否读取", translate(&why.to_string()))
            }
            Self::Config { file, source } => format!("{file} 有误：{}", source.in_chinese()),
            Self::Setting { file, place, why } => format!("{file}：{place}：{}", translate(why)),
            Self::Encoding { file, line } => {
                format!("{file} 第 {line} 行：既不是 UTF-8 也不是 GB18030；请用其中之一重新保存")
            }
            Self::Column { file, column, header } => format!("{file} 第 1 行：没有列 {column:?}；表头有：{header}"),
            Self::Twice { file, column } => format!("{file} 第 1 行：列 {column:?} 出现两次；请使列名各不相同"),
            Self::Cells { file, line, found, expected } => {
                format!("{file} 第 {line} 行：有 {found} 个单元格，表头有 {expected} 个；是否缺少引号或分隔符？")
            }
            Self::NoId { file, line, column } => format!("{file} 第 {line} 行，列 {column:?}：缺少编号；每行都要有"),
            Self::SameId { file, line, column, first } => {
                format!("{file} 第 {line} 行，列 {column:?}：此编号已在第 {first} 行出现；编号不得重复")
            }
            Self::Long { file, line } => format!("{file} 第 {line} 行：一行超过 1 MiB；是否有引号没有闭合？"),
        }
    }
}

/// Sentences of the faults above that come as free text.
pub const MATCHING: &[(&str, &str)] = &[
    ("the level must be there once", "该级别应只出现一次"),
    ("the level has no weight", "该级别没有权重"),
    ("no comparison of this field gives this level", "该字段的比较不会得到这一级别"),
    (
        "the weight must lie between -60000 and 60000 thousandths of a bit",
        "权重应在 -60000 至 60000（千分之一比特）之间",
    ),
    ("the rarity must be 0 to 200 per cent", "稀有度应为 0 至 200（百分比）"),
    ("what differs must not speak for one person", "“不同”不得支持同一人"),
    ("the reason is missing", "缺少理由"),
    (
        "the margin must be positive, or two candidates that are the same would be definite",
        "margin 应为正数，否则两个相同的候选也会被确定",
    ),
    ("definite_score must lie above potential", "definite_score 应高于 potential"),
    ("candidates must be 1 to 100", "candidates 应为 1 至 100"),
    ("block must be 2 to 100000", "block 应为 2 至 100000"),
    (
        "a rule must need two fields at least: one that agrees can be another's",
        "一条规则至少要有两个字段：只凭一个相符的字段可能认错人",
    ),
    (
        "a field of the rule has no level, or one that no comparison gives",
        "规则中的某个字段没有级别，或有比较不会得到的级别",
    ),
    ("what differs must not make definite", "“不同”不得作为确定的依据"),
    ("at least one column must have a role", "至少要有一列有含义（roles）"),
    (
        "the separator must be one ASCII character, no quote and no line end",
        "分隔符应为一个 ASCII 字符，且不是引号或换行",
    ),
    ("only the second table can have other columns", "只有第二个表可以另设列名"),
];
