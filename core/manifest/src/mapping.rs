//! Which raw field becomes which canonical field, and how its text is transformed.

use std::collections::BTreeMap;

use regex::Regex;

use crate::read::{Node, Reader};
use crate::rule::RuleProblem;
use crate::shape::{Fields, Part, Shape, Within, Words, steps, table, words};
use crate::stream::Kind;

words! {
    /// The canonical fields a manifest can map.
    #[zh = "清单可以映射的标准字段"]
    pub enum Field {
        /// The source's own id of the record.
        #[zh = "记录在来源系统中的编号"]
        "record_name" => RecordName,
        /// The teacher's name. Required.
        #[zh = "教师姓名（必需）"]
        "name" => Name,
        /// The teacher's ID number. Required, unless the stream has `known_by = "any"`.
        #[zh = "身份证号（必需；known_by = \"any\" 时除外）"]
        "id_number" => IdNumber,
        /// School code, 10 digits.
        #[zh = "学校（机构）标识码，10 位"]
        "school_code" => SchoolCode,
        /// Code of the training project.
        #[zh = "培训项目编号"]
        "project_code" => ProjectCode,
        /// Title of the training project.
        #[zh = "培训项目名称"]
        "project_title" => ProjectTitle,
        /// The source's course code. Required; if there is none, map the title.
        #[zh = "来源的课程编号（必需；没有编号时映射课程名称）"]
        "course_code" => CourseCode,
        /// Title of the course.
        #[zh = "课程名称"]
        "course_title" => CourseTitle,
        /// The teacher's role in the training, such as 学科教师.
        #[zh = "参训角色，如学科教师"]
        "role" => Role,
        /// Mode of training: online, school-based or classroom practice.
        #[zh = "培训模式：网络研修、校本研修、课堂教学实践成效培训"]
        "mode" => Mode,
        /// 培训方式 of the national sheet: 1, 2, 3, 4 or 9.
        #[zh = "国内培训的培训方式：1、2、3、4 或 9"]
        "delivery_code" => DeliveryCode,
        /// 培训类别 of the national sheet: 10, 20, 30, 40, 60 or 99.
        #[zh = "国内培训的培训类别：10、20、30、40、60 或 99"]
        "category_code" => CategoryCode,
        /// 必修 or 选修.
        #[zh = "必修或选修"]
        "required" => Required,
        /// Level of the course: 初级, 中级 or 高级. Not a result.
        #[zh = "课程级别：初级、中级、高级（不是成绩）"]
        "tier" => Tier,
        /// Place of the training.
        #[zh = "培训地点"]
        "place" => Place,
        /// Amount of training time, with a unit. Required.
        #[zh = "培训时长，须带单位（必需）"]
        "hours" => Hours,
        /// First day.
        #[zh = "开始日期"]
        "period_start" => PeriodStart,
        /// Last day. Required.
        #[zh = "结束日期（必需）"]
        "period_end" => PeriodEnd,
        /// Attendance in per cent, 0 to 100.
        #[zh = "出勤率，百分数，0 至 100"]
        "attendance" => Attendance,
        /// Certificate number.
        #[zh = "证书编号"]
        "certificate_number" => CertificateNumber,
        /// 课程学习, 0 to 100.
        #[zh = "课程学习成绩，0 至 100"]
        "score_learning" => ScoreLearning,
        /// 研修活动, 0 to 100.
        #[zh = "研修活动成绩，0 至 100"]
        "score_activity" => ScoreActivity,
        /// 应用成果, 0 to 100.
        #[zh = "应用成果成绩，0 至 100"]
        "score_artefact" => ScoreArtefact,
        /// Total score, 0 to 100, if the three scores are not given.
        #[zh = "总成绩，0 至 100（没有三项成绩时）"]
        "score_total" => ScoreTotal,
        /// Result: `excellent`, `pass` or `fail`, if it is given in words only; see the step `levels`.
        #[zh = "结果：excellent、pass 或 fail（只给等级、不给分数时；见步骤 levels）"]
        "result" => Result,
        /// Sex, 男 or 女; without it, taken from the ID number (roster, `known_by = "any"`).
        #[zh = "性别：男或女；不写则取自身份证号（名册、known_by = \"any\"）"]
        "sex" => Sex,
        /// Birth date; without it, taken from the ID number (roster, `known_by = "any"`).
        #[zh = "出生日期；不写则取自身份证号（名册、known_by = \"any\"）"]
        "birth_date" => BirthDate,
        /// A name the teacher had before (roster).
        #[zh = "曾用名（名册）"]
        "former_name" => FormerName,
        /// An ID number the teacher had before (roster).
        #[zh = "原身份证号（名册）"]
        "former_id_number" => FormerIdNumber,
        /// Teacher number (roster, `known_by = "any"`).
        #[zh = "教师编号（名册、known_by = \"any\"）"]
        "teacher_number" => TeacherNumber,
        /// Phone number (roster, `known_by = "any"`).
        #[zh = "联系电话（名册、known_by = \"any\"）"]
        "phone" => Phone,
        /// Position at the school (roster).
        #[zh = "职务（名册）"]
        "position" => Position,
        /// Teaching stage, such as 小学 (roster).
        #[zh = "任教学段，如小学（名册）"]
        "stage" => Stage,
        /// The source's own id of the person, to which memberships refer (roster).
        #[zh = "来源中的人员标识，供任职关系引用（名册）"]
        "teacher_ref" => TeacherRef,
        /// The source's own id of the school, to which teachers and memberships refer (roster).
        #[zh = "来源中的学校标识，供教师与任职关系引用（名册）"]
        "school_ref" => SchoolRef,
        /// Name of the school (roster, `known_by = "any"`).
        #[zh = "学校名称（名册、known_by = \"any\"）"]
        "school_name" => SchoolName,
        /// First day at the school (roster).
        #[zh = "到校日期（名册）"]
        "member_from" => MemberFrom,
        /// Last day at the school (roster).
        #[zh = "离校日期（名册）"]
        "member_to" => MemberTo,
        /// `true` or `false`: whether the person still belongs to the school. If it is `false` and there is no last
        /// day, the membership ends on the row's `as_of` day (roster).
        #[zh = "true 或 false：是否仍在校；为 false 而没有离校日期的，任职止于该行的 as_of 日期（名册）"]
        "active" => Active,
        /// Day from which the row holds; without it, the date in the file name, or else the day of receipt (roster).
        #[zh = "该行内容从哪一天起有效；不写则取文件名中的日期，文件名中没有日期的取接收之日（名册）"]
        "as_of" => AsOf,
        /// Division code of the school, six characters (roster, `known_by = "any"`).
        #[zh = "学校所属区划代码，6 位（名册、known_by = \"any\"）"]
        "region_code" => RegionCode,
        /// First day on which the school's name and division are valid (roster).
        #[zh = "学校名称与区划的生效日期（名册）"]
        "valid_from" => ValidFrom,
        /// Last day on which the school's name and division are valid (roster).
        #[zh = "学校名称与区划的截止日期（名册）"]
        "valid_to" => ValidTo,
        /// Code of the school that succeeds this one (roster).
        #[zh = "承继学校的标识码（名册）"]
        "successor_code" => SuccessorCode,
    }
}

/// The fields of each kind of roster.
const OF_TEACHERS: &[Field] = &[
    Field::Name,
    Field::IdNumber,
    Field::SchoolCode,
    Field::Sex,
    Field::BirthDate,
    Field::FormerName,
    Field::FormerIdNumber,
    Field::TeacherNumber,
    Field::Phone,
    Field::Position,
    Field::Stage,
    Field::TeacherRef,
    Field::SchoolRef,
    Field::MemberFrom,
    Field::MemberTo,
    Field::Active,
    Field::AsOf,
];
const OF_SCHOOLS: &[Field] = &[
    Field::SchoolCode,
    Field::SchoolRef,
    Field::SchoolName,
    Field::RegionCode,
    Field::ValidFrom,
    Field::ValidTo,
    Field::SuccessorCode,
    Field::AsOf,
];
const OF_MEMBERSHIPS: &[Field] = &[
    Field::TeacherRef,
    Field::SchoolCode,
    Field::SchoolRef,
    Field::Position,
    Field::Stage,
    Field::MemberFrom,
    Field::MemberTo,
    Field::Active,
    Field::AsOf,
];

impl Field {
    /// Whether a stream of this kind can map it.
    #[must_use]
    pub fn belongs_to(self, kind: Kind) -> bool {
        let of = match kind {
            _ if self == Self::RecordName => return true,
            Kind::Teacher => OF_TEACHERS,
            Kind::School => OF_SCHOOLS,
            Kind::Membership => OF_MEMBERSHIPS,
            _ => {
                let of_both =
                    [Self::Name, Self::IdNumber, Self::SchoolCode].contains(&self) || self.identifies_people();
                return of_both || ![OF_TEACHERS, OF_SCHOOLS, OF_MEMBERSHIPS].iter().any(|of| of.contains(&self));
            }
        };
        of.contains(&self)
    }

    /// Whether it identifies people besides name, ID number and school code, for streams with `known_by = "any"`.
    #[must_use]
    pub fn identifies_people(self) -> bool {
        matches!(
            self,
            Self::TeacherNumber | Self::Phone | Self::BirthDate | Self::Sex | Self::SchoolName | Self::RegionCode
        )
    }

    /// Whether it is a day, so that date formats can be given.
    #[must_use]
    pub fn is_day(self) -> bool {
        matches!(
            self,
            Self::PeriodStart
                | Self::PeriodEnd
                | Self::BirthDate
                | Self::MemberFrom
                | Self::MemberTo
                | Self::AsOf
                | Self::ValidFrom
                | Self::ValidTo
        )
    }

    /// Returns the field as it appears in reason codes, such as `score.learning`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::ScoreLearning => "score.learning",
            Self::ScoreActivity => "score.activity",
            Self::ScoreArtefact => "score.artefact",
            Self::ScoreTotal => "score.total",
            other => other.as_str(),
        }
    }
}

words! {
    /// Units of training time. The rule pack converts them to class hours.
    #[zh = "培训时长的单位；各折合多少学时由规则包规定"]
    pub enum Unit {
        /// Second.
        #[zh = "秒"]
        "second" => Second,
        /// Minute.
        #[zh = "分钟"]
        "minute" => Minute,
        /// Class hour, 学时.
        #[zh = "学时"]
        "class_hour" => ClassHour,
        /// Hour of 60 minutes.
        #[zh = "小时（60 分钟）"]
        "hour" => Hour,
        /// Half day.
        #[zh = "半天"]
        "half_day" => HalfDay,
        /// Day.
        #[zh = "天"]
        "day" => Day,
        /// Credit, 学分.
        #[zh = "学分"]
        "credit" => Credit,
    }
}

words! {
    /// What happens to a text that is not in the value table.
    #[zh = "取值表中没有的文本作何处理"]
    pub enum Unknown {
        /// The record is parked, with this as the reason.
        #[zh = "记录成为死信，并说明原因"]
        "park" => Park,
        /// The text is kept unchanged.
        #[zh = "保留原文"]
        "keep" => Keep,
        /// The text counts as blank.
        #[zh = "视为空"]
        "blank" => Blank,
    }
}

words! {
    /// Built-in scales of levels.
    #[zh = "内置的等级表"]
    pub enum Levels {
        /// 优秀, 合格 (also 及格, 良好), 不合格 (also 不及格).
        #[zh = "优秀、合格（或及格、良好）、不合格（或不及格）"]
        "grades" => Grades,
        /// 合格 (also 通过, 是, 1) or 不合格 (also 未通过, 否, 0).
        #[zh = "合格（或通过、是、1）、不合格（或未通过、否、0）"]
        "pass_fail" => PassFail,
    }
}

table! {
    /// A table of texts and their replacements.
    #[zh = "取值表：原文与转换结果对照"]
    pub struct ValueTable {
        /// Text → replacement.
        #[zh = "原文 → 转换结果"]
        values: BTreeMap<String, String>;
        /// What happens to a text that is not in the table.
        #[zh = "表中没有的文本如何处理"]
        unknown: Unknown = Unknown::Park, "park";
    }
}

table! {
    /// Splits a text at a separator and takes one piece.
    #[zh = "按分隔符切开，取其中一段"]
    pub struct Split {
        /// The separator.
        #[zh = "分隔符"]
        at: String;
        /// Number of the piece, from 1.
        #[zh = "取第几段，从 1 起"]
        take: ListPosition = Within(1), "1";
    }
}

/// A position in a list, counted from 1.
pub type ListPosition = Within<1, 99>;

table! {
    /// Replaces a text wherever it occurs.
    #[zh = "替换文本，凡出现之处一律替换"]
    pub struct Replace {
        /// Text to replace.
        #[zh = "被替换的文本"]
        from: String;
        /// Replacement.
        #[zh = "替换为"]
        to: String;
    }
}

/// A regular expression with at least one group, matched in linear time.
#[derive(Debug, Clone)]
pub struct Capture(pub Regex);

impl Part for Capture {
    const SHAPE: &'static Shape = &Shape::Text(Words {
        en: "regular expression with at least one group",
        zh: "正则表达式，至少有一个分组",
    });

    fn read_node(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.read_text(node)?;
        let built = regex::RegexBuilder::new(text).size_limit(1 << 20).build();
        match built {
            Ok(regex) if regex.captures_len() > 1 => Some(Self(regex)),
            Ok(_) => {
                reader.refuse_node(node, RuleProblem::NoGroup);
                None
            }
            Err(e) => {
                let why = e.to_string().lines().last().unwrap_or_default().trim().to_owned();
                reader.refuse_node(node, RuleProblem::Expression { why });
                None
            }
        }
    }

    fn stand_in() -> Option<Self> {
        None
    }
}

/// A ratio, such as `1/60` or `100`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    /// The factor.
    pub up: u32,
    /// The divisor; at least 1.
    pub down: u32,
}

impl Part for Ratio {
    const SHAPE: &'static Shape =
        &Shape::Text(Words { en: "ratio of whole numbers, such as \"100/5\"", zh: "整数之比，如 \"100/5\"" });

    fn read_node(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.read_text(node)?;
        let (up, down) = text.split_once('/').unwrap_or((text, "1"));
        let number = |part: &str| part.trim().parse::<u32>().ok().filter(|n| (1..=1_000_000).contains(n));
        let ratio = number(up).zip(number(down)).map(|(up, down)| Self { up, down });
        if ratio.is_none() {
            reader.refuse_node(node, RuleProblem::Ratio { text: text.to_owned() });
        }
        ratio
    }

    fn stand_in() -> Option<Self> {
        Some(Self { up: 1, down: 1 })
    }
}

steps! {
    /// What can be done to a text. The list is closed: there are no loops and no expressions.
    #[zh = "可对文本做的处理；只有下列步骤，没有循环和表达式"]
    pub enum Step {
        /// Removes spaces at both ends.
        #[zh = "去掉首尾空白"]
        "trim" => Trim,
        /// Turns full-width letters, digits and signs into half-width ones.
        #[zh = "全角字符转为半角"]
        "fold_width" => FoldWidth,
        /// Turns every separator used in names into U+00B7.
        #[zh = "姓名中的各种间隔号统一为 U+00B7"]
        "fold_separators" => FoldSeparators,
        /// Removes all spaces.
        #[zh = "去掉全部空白"]
        "drop_spaces" => DropSpaces,
        /// Turns letters into upper case.
        #[zh = "转为大写"]
        "upper" => Upper,
        /// Turns letters into lower case.
        #[zh = "转为小写"]
        "lower" => Lower,
        /// Removes this prefix, if the text has it.
        #[zh = "去掉此前缀（如有）"]
        "strip_prefix" => StripPrefix(String),
        /// Removes this suffix, if the text has it.
        #[zh = "去掉此后缀（如有）"]
        "strip_suffix" => StripSuffix(String),
        /// Splits the text and takes one piece.
        #[zh = "切分后取一段"]
        "split" => Split(Split),
        /// Replaces one text with another.
        #[zh = "替换文本"]
        "replace" => Replace(Replace),
        /// Takes what the first group of a regular expression matches; blank if there is no match.
        #[zh = "取正则表达式第一个分组匹配的内容；没有匹配则为空"]
        "capture" => Capture(Capture),
        /// Multiplies the number by a ratio, without rounding.
        #[zh = "数值乘以比例，结果精确，不舍入"]
        "scale" => Scale(Ratio),
        /// Replaces texts by a value table.
        #[zh = "按取值表转换"]
        "values" => Values(ValueTable),
        /// Turns the words of a scale into `excellent`, `pass` or `fail`.
        #[zh = "等级词转为 excellent、pass 或 fail"]
        "levels" => Levels(Levels),
    }
}

table! {
    /// Several texts, joined; blank ones are left out.
    #[zh = "多个字段拼接；空的略去"]
    pub struct Join {
        /// Paths of the texts.
        #[zh = "字段路径"]
        paths: Vec<String>;
        /// Text between them.
        #[zh = "各段之间的连接文本"]
        with: String = String::new(), "";
    }
}

table! {
    /// Where a canonical field's text comes from and what is done to it. Give exactly one of `path`, `first_of`, `join`
    /// and `constant`. A path is dotted; a name that contains dots is written in single quotes. The path can also be
    /// `$file`, `$member`, `$sheet` or `$each.NAME`.
    #[zh = "字段取自何处、如何处理。path、first_of、join、constant 须且只能写一个。路径以点分隔，含点的名称用单引号括起；也可写 $file、$member、$sheet、$each.名称"]
    pub struct Rule, short for path {
        /// Path in the record.
        #[zh = "记录中的路径"]
        path: Option<String>;
        /// The first of these paths that is not blank.
        #[zh = "依次取第一个非空的路径"]
        first_of: Option<Vec<String>>;
        /// Several paths, joined.
        #[zh = "拼接多个路径"]
        join: Option<Join>;
        /// The same text for every record.
        #[zh = "固定值"]
        constant: Option<String>;
        /// Steps applied to the text, in this order.
        #[zh = "依次执行的步骤"]
        then: Vec<Step> = vec![], "[]";
        /// The text if there is none, or if the steps leave none, for example because a `capture` does not match.
        #[zh = "为空，或各步骤之后为空（包括 capture 未匹配）时的默认值"]
        default: Option<String>;
        /// Unit; only for `hours`, where it is required.
        #[zh = "单位（仅用于 hours，且必需）"]
        unit: Option<Unit>;
        /// Whether a unit that the text itself states counts instead of `unit`; only for `hours`. It reads `2天`, `一天`,
        /// `半天`, `10学时`, `1小时30分` and the hours, minutes and seconds of ISO 8601 durations, such as `PT1H30M`; days of
        /// such durations are calendar days and are not read. A number alone is in `unit`.
        #[zh = "文本自带单位时，是否以其为准而不用 unit（仅用于 hours）。可识别 2天、一天、半天、10学时、1小时30分，以及 ISO 8601 时长中的时、分、秒（如 PT1H30M）；这种时长中的天是日历天，不识别。只有数字的按 unit"]
        unit_in_text: bool = false, "false";
        /// Date formats, only for dates, written as for strftime and tried in this order; without them, every
        /// unambiguous format is read.
        #[zh = "日期格式（仅用于日期），strftime 写法，依次尝试；不写则识别所有没有歧义的写法"]
        formats: Option<Vec<String>>;
    }
}

impl Rule {
    /// Returns the paths that are read.
    pub fn paths(&self) -> impl Iterator<Item = &String> {
        let joined = self.join.as_ref().map(|join| join.paths.as_slice()).unwrap_or_default();
        self.path.iter().chain(self.first_of.as_deref().unwrap_or_default()).chain(joined)
    }

    /// Returns the path to show to people: the first one.
    #[must_use]
    pub fn display_path(&self) -> Option<&str> {
        self.paths().next().map(String::as_str)
    }

    /// Returns the path if the rule consists of a path alone.
    #[must_use]
    pub fn plain_path(&self) -> Option<&str> {
        let alone = self.then.is_empty() && self.default.is_none() && self.formats.is_none();
        self.path.as_deref().filter(|_| alone)
    }
}

/// Canonical field → where it comes from.
pub type Map = BTreeMap<Field, Rule>;

impl Part for Map {
    const SHAPE: &'static Shape = &Shape::Known(&Fields {
        name: "Map",
        words: Words { en: "Canonical field → where it comes from.", zh: "标准字段 → 取自何处" },
        of: &Field::LIST,
        value: Rule::SHAPE,
    });

    fn read_node(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let words: Vec<&'static str> = Field::ALL.iter().map(|field| field.as_str()).collect();
        let entries = reader.read_known_entries(node, &words)?;
        let entry = |(name, value): (String, _)| {
            Field::from_word(&name).zip(reader.with_step(&name, |r| Rule::read_node(value, r)))
        };
        Some(entries.into_iter().filter_map(entry).collect())
    }

    fn stand_in() -> Option<Self> {
        Some(Self::new())
    }
}
