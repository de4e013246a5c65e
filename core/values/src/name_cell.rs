//! Reads a cell for a person's name: offices also write a former name, a note, an example or two people into it.

use std::borrow::Cow;

use crate::NameError;

/// A name and what stands beside it in its cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameCell<'t> {
    /// The name.
    pub name: Cow<'t, str>,
    /// A name that the person had before.
    pub former: Option<String>,
}

/// Words that a former name follows.
const FORMER: [&str; 6] = ["曾用名", "原姓名", "原名", "又名", "旧名", "曾名"];
/// Words that only examples and forms contain.
const EXAMPLE_PARTS: [&str; 14] =
    ["示例", "样例", "范例", "举例", "例如", "例子", "某某", "填写", "测试", "×××", "XXX", "xxx", "ＸＸＸ", "××"];
/// Texts of forms, and stand-ins for any name.
const EXAMPLE_WORDS: [&str; 20] = [
    "例",
    "例：",
    "例:",
    "姓名",
    "教师姓名",
    "学员姓名",
    "学员",
    "姓名：",
    "张某",
    "王某",
    "李某",
    "XX",
    "xx",
    "test",
    "合计",
    "总计",
    "小计",
    "共计",
    "平均",
    "填表人",
];
/// The names of examples, which are no more than an example beside an ID number of one.
const SAMPLE_NAMES: [&str; 6] = ["张三", "李四", "王五", "赵六", "小明", "小红"];
/// Titles that stand after a name.
const TITLES: [&str; 8] = ["老师", "教师", "同志", "校长", "主任", "先生", "女士", "园长"];
/// A family name of two characters whose first is a family name, too.
const LONG_FAMILY_NAMES: [&str; 3] = ["夏侯", "万俟", "段干"];
/// The most frequent family names.
const FAMILY_NAMES: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段";

/// Reads a cell for a name.
///
/// # Errors
/// [`NameError::Several`], [`NameError::Example`] and [`NameError::Note`] for what is not one name, and
/// [`NameError::Character`] for a character that only masks, lists and damaged texts have.
pub fn read_name_cell(text: &str) -> Result<NameCell<'_>, NameError> {
    if text.chars().all(|c| is_han(c) || c.is_alphabetic() && !is_private(c)) {
        return read_plain_name(text);
    }
    let spread = spread_brackets(text.trim());
    let mut former = None;
    for note in &spread.notes {
        match read_note(note) {
            Note::Former(name) => former = Some(name),
            Note::Sex => {}
            Note::Example => return Err(NameError::Example),
            Note::Other => return Err(NameError::Note),
        }
    }
    let mut name = spread.name.clone();
    if let Some((at, word)) = FORMER.iter().filter_map(|word| Some((name.find(word)?, *word))).min() {
        former = Some(trim_former(name.get(at + word.len()..).unwrap_or_default()).to_owned());
        name.truncate(at);
    }
    let name = trim_marks(&name);
    if former.as_deref().is_some_and(|former| former.is_empty() || name.is_empty()) {
        return Err(NameError::Note);
    }
    if name.is_empty() && !spread.notes.is_empty() {
        return Err(NameError::Note);
    }
    if names_several(name) {
        return Err(NameError::Several);
    }
    let is_alone = spread.notes.is_empty() && former.is_none();
    let checked = if is_alone { text } else { name };
    if checked.chars().any(is_refused) {
        return Err(if is_example(name) { NameError::Example } else { NameError::Character });
    }
    read_plain_name(name)?;
    Ok(NameCell { name: if is_alone { Cow::Borrowed(text) } else { Cow::Owned(name.to_owned()) }, former })
}

/// Returns whether a name is one of those that examples have: 张三, 李四.
#[must_use]
pub fn is_sample_name(name: &str) -> bool {
    SAMPLE_NAMES.contains(&name.trim())
}

fn read_plain_name(name: &str) -> Result<NameCell<'_>, NameError> {
    if is_example(name) {
        return Err(NameError::Example);
    }
    if names_several(name) {
        return Err(NameError::Several);
    }
    let may_have_title = name.trim_end().ends_with(['师', '志', '长', '任', '生', '士']);
    let has_title = |title: &str| name.trim().strip_suffix(title).is_some_and(|rest| !rest.is_empty());
    if may_have_title && TITLES.iter().any(|title| has_title(title)) {
        return Err(NameError::Note);
    }
    Ok(NameCell { name: Cow::Borrowed(name), former: None })
}

fn is_example(name: &str) -> bool {
    // Almost no name has one of these.
    let may_be = |c: char| {
        matches!(
            c,
            '示' | '样'
                | '范'
                | '举'
                | '例'
                | '某'
                | '填'
                | '测'
                | '姓'
                | '员'
                | '计'
                | '平'
                | '。'
                | '！'
                | '×'
                | 'X'
                | 'x'
                | 'Ｘ'
                | 't'
        )
    };
    name.contains(may_be) && is_known_example(name)
}

fn is_known_example(name: &str) -> bool {
    EXAMPLE_WORDS.contains(&name.trim()) || EXAMPLE_PARTS.iter().any(|part| name.contains(part))
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFD}')
}

fn has_han(text: &str) -> bool {
    text.chars().any(is_han)
}

/// Returns whether a text lists several people. Only Han is judged, because a comma may stand in a Latin name.
fn names_several(text: &str) -> bool {
    let is_separator = |c: char| {
        matches!(
            c,
            '、' | ','
                | '，'
                | ';'
                | '；'
                | '/'
                | '／'
                | '|'
                | '｜'
                | '\\'
                | '＼'
                | '&'
                | '＆'
                | '+'
                | '＋'
                | '\n'
                | '\r'
                | '\t'
        )
    };
    if !text.contains(|c: char| is_separator(c) || c.is_whitespace() || matches!(c, '和' | '与' | '及' | '等')) {
        return false;
    }
    if text.split(is_separator).filter(|part| has_han(part)).count() > 1 {
        return true;
    }
    let is_name = |part: &str| {
        let part = part.trim();
        (2..=3).contains(&part.chars().count())
            && part.chars().all(is_han)
            && part.starts_with(|c| FAMILY_NAMES.contains(c))
    };
    let parts: Vec<&str> = text.split_whitespace().collect();
    if let [one, other] = parts[..] {
        return is_name(one) && is_name(other) && !LONG_FAMILY_NAMES.contains(&one);
    }
    if !text.contains(['和', '与', '及', '等']) {
        return false;
    }
    let joined = ['和', '与', '及']
        .iter()
        .any(|word| text.split_once(*word).is_some_and(|(one, other)| is_name(one) && is_name(other)));
    let shortened = ["等人", "等"].iter().any(|end| text.strip_suffix(end).is_some_and(|of| of.chars().count() > 1));
    joined || shortened && has_han(text)
}

/// Returns whether a character stands in lists, masks and damaged texts, and in no name.
fn is_refused(c: char) -> bool {
    is_private(c)
        || matches!(
            c,
            '*' | '＊'
                | '#'
                | '＃'
                | '='
                | '＝'
                | '<'
                | '>'
                | '|'
                | '｜'
                | '\\'
                | '"'
                | '〃'
                | ';'
                | '；'
                | '×'
                | '/'
                | '／'
                | '、'
                | '。'
                | '！'
                | '{'
                | '}'
        )
}

/// Returns whether a letter has no meaning outside one system, except those that [`crate::PersonName`] knows.
fn is_private(c: char) -> bool {
    let is_known = matches!(
        c,
        '\u{E816}'
            | '\u{E817}'
            | '\u{E818}'
            | '\u{E81E}'
            | '\u{E826}'
            | '\u{E82B}'
            | '\u{E82C}'
            | '\u{E831}'
            | '\u{E832}'
            | '\u{E83B}'
            | '\u{E843}'
            | '\u{E854}'
            | '\u{E855}'
            | '\u{E864}'
    );
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFD}') && !is_known
}

/// Removes what separates a name from what is beside it.
fn trim_marks(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, ':' | '：' | ',' | '，' | ';' | '；' | '、' | '/' | '／' | '-' | '—')
    })
}

/// Removes what stands between a word such as 曾用名 and the name after it.
fn trim_former(text: &str) -> &str {
    trim_marks(trim_marks(text).trim_start_matches(['为', '是']))
}

/// A text and what stands in brackets in it.
struct Spread {
    name: String,
    notes: Vec<String>,
}

/// Takes the brackets out of a text that has Han outside or inside them. A Latin name keeps its brackets.
fn spread_brackets(text: &str) -> Spread {
    let mut spread = Spread { name: String::with_capacity(text.len()), notes: vec![] };
    if !has_han(text) {
        text.clone_into(&mut spread.name);
        return spread;
    }
    let mut note: Option<String> = None;
    for c in text.chars() {
        match (c, &mut note) {
            ('(' | '（' | '[' | '［' | '【' | '〔' | '〖' | '《' | '〈' | '｛' | '＜', None) => {
                note = Some(String::new())
            }
            (')' | '）' | ']' | '］' | '】' | '〕' | '〗' | '》' | '〉' | '｝' | '＞', Some(_)) => {
                spread.notes.extend(note.take());
            }
            (c, Some(note)) => note.push(c),
            (c, None) => spread.name.push(c),
        }
    }
    spread.notes.extend(note);
    spread
}

/// What a note beside a name says.
enum Note {
    Former(String),
    Sex,
    Example,
    Other,
}

fn read_note(note: &str) -> Note {
    let note = note.trim();
    if let Some(former) = FORMER.iter().chain(&["曾用"]).find_map(|word| note.strip_prefix(word)) {
        let former = trim_former(former);
        return if former.is_empty() { Note::Other } else { Note::Former(former.to_owned()) };
    }
    match note {
        "男" | "女" | "男性" | "女性" | "" => Note::Sex,
        "例" | "样" | "模板" | "示范" => Note::Example,
        note if is_example(note) => Note::Example,
        _ => Note::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_holds_one_name_or_says_what_else() {
        let read = |text: &str| match read_name_cell(text) {
            Ok(NameCell { name, former: None }) => name.into_owned(),
            Ok(NameCell { name, former: Some(former) }) => format!("{name}<{former}"),
            Err(fault) => fault.code().to_owned(),
        };
        for (text, becomes) in [
            ("王伟", "王伟"),
            ("李和平", "李和平"),
            ("阿卜杜拉·买买提", "阿卜杜拉·买买提"),
            ("Smith, John", "Smith, John"),
            ("Kim (Chol)", "Kim (Chol)"),
            ("张\u{E81E}", "张\u{E81E}"),
            ("张三", "张三"),
            (" 张 为", " 张 为"),
            ("王芳/", "character"),
            ("王芳（曾用名为王小芳）", "王芳<王小芳"),
            ("王芳（曾用名：王小芳）", "王芳<王小芳"),
            ("王芳(原名王小芳)", "王芳<王小芳"),
            ("王芳 曾用名:王小芳", "王芳<王小芳"),
            ("王芳（曾用名：王小芳", "王芳<王小芳"),
            ("王伟（女）", "王伟"),
            ("王伟、李强", "several"),
            ("王伟/李强", "several"),
            ("王伟，李强", "several"),
            ("王伟\n李强", "several"),
            ("王伟和李强", "several"),
            ("王伟等", "several"),
            ("王伟 李强", "several"),
            ("欧阳 娜娜", "欧阳 娜娜"),
            ("夏侯 方明", "夏侯 方明"),
            ("张 小明", "张 小明"),
            ("王伟老师", "note"),
            ("王老师", "note"),
            ("王伟。", "character"),
            ("合计", "example"),
            ("张三(示例)", "example"),
            ("示例", "example"),
            ("姓名", "example"),
            ("×××", "example"),
            ("张某某", "example"),
            ("【调出】王伟", "note"),
            ("王伟（小）", "note"),
            ("曾用名：王小芳", "note"),
            ("王*", "character"),
            ("张\u{E5CF}", "character"),
        ] {
            assert_eq!(read(text), becomes, "{text}");
        }
    }
}
