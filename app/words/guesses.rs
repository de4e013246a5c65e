//! Guesses about a sample, in words: why a column is taken for a field, and what only a person can answer.

use huiliu_authoring::infer::{Evidence, InferFault, Layout, Pass, Question, Version};
use huiliu_manifest::Unit;

use super::faults::Fault;
use super::phrases::translate;
use super::{both, tr};

/// Why a column is taken for a field.
pub fn evidence(of: &Evidence) -> String {
    match of {
        Evidence::Named { word } => both!("named {word}", "名称即“{word}”"),
        Evidence::NamedLike { word } => both!("its name has {word}", "名称含“{word}”"),
        Evidence::Initials { word } => both!("pinyin initials of {word}", "“{word}”的拼音首字母"),
        Evidence::CheckDigits { percent } => both!("{percent} % with a right check digit", "{percent} % 校验码正确"),
        Evidence::Range { low, high } => both!("numbers from {low} to {high}", "数值 {low} 至 {high}"),
        Evidence::Rival { path } => both!("but {path} could be meant too", "但 {path} 也可能是"),
        Evidence::FewRecords { records } => both!("only {records} record(s)", "只有 {records} 条记录"),
        Evidence::OutOf { full } => both!("out of {full} points", "满分 {full}"),
        Evidence::WithGivenName { path } => both!("the given name stands in {path}", "名在 {path}"),
        Evidence::Gaps { percent } => both!("{percent} % are empty", "{percent} % 为空"),
        plain => short(plain).to_owned(),
    }
}

fn short(of: &Evidence) -> &'static str {
    match of {
        Evidence::Dates => tr("dates", "均为日期"),
        Evidence::MonthsOnly => tr("months without a day", "只有年月"),
        Evidence::People => tr("names of people", "形如人名"),
        Evidence::OnePerPerson => tr("one name per ID number", "与身份证号一一对应"),
        Evidence::Unique => tr("each stands once", "各不相同"),
        Evidence::OnlyOne => tr("the only such column", "仅此一列"),
        Evidence::Codes => tr("codes", "均为代码"),
        Evidence::Titles => tr("titles that come again", "重复出现的标题"),
        Evidence::Words => tr("the words of this field", "均为该字段的用语"),
        Evidence::ResultWords => tr("words of a result", "均为考核结果用语"),
        Evidence::Paired => tr("goes with its code or title one by one", "与对应的编号或名称一一对应"),
        Evidence::SchoolCodes => tr("school codes", "均为学校标识码"),
        Evidence::Phones => tr("phone numbers", "均为电话号码"),
        Evidence::Births => tr("the birth dates of the ID numbers", "与身份证号中的出生日期一致"),
        Evidence::Running => tr("1, 2, 3 …", "连续编号"),
        Evidence::Numbers => tr("numbers", "均为数值"),
        Evidence::Periods => tr("first and last day in one cell", "起止日期在同一格"),
        Evidence::Durations => tr("hours:minutes:seconds", "时:分:秒"),
        Evidence::InOrder => tr("first days before last days", "开始均不晚于结束"),
        Evidence::Reversed => tr("first days after last days", "开始晚于结束"),
        Evidence::UnitInValues => tr("numbers with their unit", "数值带单位"),
        Evidence::TitleAsCode => tr("there is no code, so the title serves as one", "没有课程编号，以课程名称代替"),
        _ => "",
    }
}

/// What only a person can answer.
pub fn question(of: &Question) -> String {
    match of {
        Question::Missing { field } => {
            both!("which column is {field}? None is surely it", "哪一列是 {field}？没有能确定的列")
        }
        Question::Unsure { field, path, confidence } => {
            both!("is {path} the {field}? ({confidence} %)", "{path} 是 {field} 吗？（{confidence} %）")
        }
        Question::Rival { field, path, other } => {
            both!("{field} is read from {path}; or is it {other}?", "{field} 取自 {path}；还是应取 {other}？")
        }
        Question::Unit { path } => both!(
            "in which unit is {path}: minute, class_hour, hour, day or credit?",
            "{path} 的单位是 minute（分钟）、class_hour（学时）、hour（小时）、day（天）还是 credit（学分）？"
        ),
        Question::Period { path } => both!(
            "{path} has first and last day in one cell; how are they to be split?",
            "{path} 在一格中写有起止日期；如何拆开？"
        ),
        Question::BadIds { path } => both!(
            "the ID numbers in {path} are masked, rounded or wrong; ask for whole ones, kept as text",
            "{path} 中的身份证号被遮盖、被取整或有误；请索取完整的、以文本保存的号码"
        ),
        Question::MonthsOnly { path } => {
            both!("{path} names no day of the month; ask for whole dates", "{path} 只有年月；请索取完整日期")
        }
        Question::Durations { path } => {
            both!("{path} is written as hours:minutes:seconds; ask for a number", "{path} 写作 时:分:秒；请索取数值")
        }
        Question::Twin { path } => {
            both!("two columns are named {path}; give one of them another name", "有两列同名 {path}；请给其中一列改名")
        }
        Question::FullMark { path, full, exact: true } => both!(
            "is {path} out of {full} points? It is scaled as if it were",
            "{path} 的满分是 {full} 吗？现按此折算为百分制"
        ),
        Question::FullMark { path, full, exact: false } => both!(
            "{path} is out of {full} points, which cannot be told out of a hundred exactly; ask for a result or a score of a hundred",
            "{path} 的满分是 {full}，无法精确折算为百分制；请索取考核结果或百分制成绩"
        ),
        Question::Pass { maybe } if maybe.is_empty() => tr(
            "nothing says whether the teacher passed: is the training not assessed, or is the result elsewhere?",
            "没有说明是否合格的列：是不考核，还是结果在别处？",
        )
        .to_owned(),
        Question::Pass { maybe } => both!(
            "nothing surely says whether the teacher passed: is it one of {columns}, or is the training not assessed?",
            "没有能确定说明是否合格的列：是 {columns} 之一，还是不考核？",
            columns = maybe.join(", ")
        ),
    }
}

/// A unit of training time.
pub fn unit(of: Unit) -> &'static str {
    match of {
        Unit::Second => tr("seconds", "秒"),
        Unit::HalfDay => tr("half days", "半天"),
        Unit::Minute => tr("minutes", "分钟"),
        Unit::ClassHour => tr("class hours", "学时"),
        Unit::Hour => tr("clock hours", "小时"),
        Unit::Day => tr("days", "天"),
        Unit::Credit => tr("credits", "学分"),
    }
}

/// Where in the sample the records stand.
pub fn place(layout: &Layout) -> String {
    let format = match layout {
        Layout::Workbook { .. } => tr("workbook", "工作簿"),
        Layout::Html { .. } => tr("HTML table", "网页表格"),
        other => other.format(),
    };
    match layout {
        Layout::Json { items, .. } if items.is_empty() => both!("{format}, the list itself", "{format}，整体为列表"),
        Layout::Json { items, .. } => both!("{format}, list at {items}", "{format}，列表位于 {items}"),
        Layout::JsonLines { .. } => format.to_owned(),
        Layout::Xml { root, item, .. } => both!("{format}, {item} in {root}", "{format}，{root} 中的 {item}"),
        Layout::Workbook { sheets, header } => both!(
            "{format}, sheets {sheets}, header in row {row}",
            "{format}，工作表 {sheets}，表头在第 {row} 行",
            row = header.row
        ),
        Layout::Delimited { encoding, header, .. } | Layout::Html { encoding, header, .. } => both!(
            "{format} in {encoding}, header in row {row}",
            "{format}，编码 {encoding}，表头在第 {row} 行",
            row = header.row
        ),
    }
}

/// Where a record's version comes from.
pub fn version(of: &Version) -> String {
    match of {
        Version::Field { path } => path.clone(),
        Version::FileDate => tr("the day in the file's name", "文件名中的日期").to_owned(),
        Version::Landing => tr("what landed last counts", "以最后收到的为准").to_owned(),
    }
}

/// What says that the teacher passed.
pub fn pass(of: &Pass) -> String {
    match of {
        Pass::Scores => tr("the three component scores", "三项成绩").to_owned(),
        Pass::Total { path } => both!("the total score {path}", "总成绩 {path}"),
        Pass::Words { path, words } => format!("{path} ({})", words.join(", ")),
        Pass::Nothing => tr("nothing in the sample", "样例中没有").to_owned(),
    }
}

impl Fault for InferFault {
    fn in_chinese(&self) -> String {
        match self {
            Self::Empty => "样例是空的；请给出带表头和几条记录的样例".into(),
            Self::TooLarge { found, most } => {
                format!("样例有 {found} 字节，最多读取 {most} 字节；请只给出前几百条记录")
            }
            Self::Binary => "样例不是文本、工作簿或任何已知格式；请另存为 .xlsx、.csv、.json 或 .xml".into(),
            Self::Broken { format, why } => {
                format!("样例不是完整的 {format}：{}；请重新取得完整的样例", translate(why))
            }
            Self::NoTable { format } => {
                format!("在 {format} 中没有找到记录列表；请给出带表头和至少一条记录的样例")
            }
        }
    }
}
