//! Interprets a column's name: words of the field in Chinese, English, full pinyin or pinyin initials.

use unicode_normalization::UnicodeNormalization as _;

use crate::infer::dictionary::{EXACT, Form, Match, STRIPPED, match_form, split_tokens};
use crate::infer::doubts::{self, OtherHours, Words};
use crate::infer::terms::Meaning;
use crate::infer::unit::{self, StatedUnit};
use huiliu_manifest::Field;

/// From this score on, a name is known without looking at the column's content.
const KNOWN: u32 = 60;
/// Score of a unit in brackets alone.
const MEASURED: u32 = 80;
/// Number of characters of a name that are examined.
const LONGEST: usize = 60;

/// An interpreted name.
#[derive(Debug, Default)]
pub(super) struct Name {
    /// Its meanings, most certain first, each once.
    pub matches: Vec<Match>,
    /// The unit stated in brackets, after a slash, or as a word of the name.
    pub unit: Option<StatedUnit>,
    /// The name without its brackets.
    pub base: String,
    /// Texts in its brackets.
    pub inner: Vec<String>,
    /// What its words make of an amount of training time.
    pub other_hours: Option<OtherHours>,
}

impl Name {
    /// Returns how certainly the name has this meaning, in per cent.
    pub fn score_for(&self, meaning: Meaning) -> u32 {
        self.matches.iter().find(|found| found.meaning == meaning).map_or(0, |found| found.score)
    }
}

/// Interprets a column's name; `words` are the headings above it, outermost first, and the name itself.
pub(super) fn read_name(words: &[String]) -> Name {
    let Some((leaf, above)) = words.split_last() else { return Name::default() };
    let leaf: String = leaf.nfkc().take(LONGEST).collect();
    let (base, inner) = split_brackets(&leaf);
    let context: Vec<Form> =
        above.iter().rev().take(2).flat_map(|word| list_forms(&word.nfkc().collect::<String>())).collect();
    let mut matches: Vec<Match> = Vec::new();
    for form in list_forms(&base) {
        for found in match_in_context(&form, &context) {
            keep_best(&mut matches, found);
        }
    }
    if names_another_person(&base, above) {
        for found in &mut matches {
            if found.meaning != Meaning::OtherPerson {
                found.score /= 3;
            }
        }
        keep_best(
            &mut matches,
            Match { meaning: Meaning::OtherPerson, score: EXACT, word: "教师以外的人", initials: false },
        );
    }
    // A unit in brackets means that the column is an amount.
    if inner.iter().any(|text| unit::unit_of_word(text).is_some()) {
        keep_best(
            &mut matches,
            Match { score: MEASURED, word: "学时", initials: false, meaning: Meaning::Field(Field::Hours) },
        );
    }
    let other_hours = doubts::qualify_matches(Words { base: &base, inner: &inner, above }, &mut matches);
    let amounts = [Meaning::Field(Field::Hours), Meaning::PlannedHours];
    let by_word = matches.iter().filter(|found| amounts.contains(&found.meaning) && !found.word.is_ascii());
    let by_word = by_word.filter_map(|found| unit::unit_of_name(found.word, &[])).next();
    let by_word = by_word.map(|stated| StatedUnit { confidence: stated.confidence.min(85), ..stated });
    Name { unit: unit::unit_of_name(&base, &inner).or(by_word), matches, base, inner, other_hours }
}

/// Returns whether a name is a known word of the field.
pub(super) fn is_known(words: &[String]) -> bool {
    // A title above a table is a long sentence that may contain such words.
    words.iter().all(|word| word.chars().count() <= 24)
        && read_name(words).matches.first().is_some_and(|m| m.score >= KNOWN)
}

fn keep_best(matches: &mut Vec<Match>, found: Match) {
    match matches.iter_mut().find(|known| known.meaning == found.meaning) {
        Some(known) if known.score < found.score => *known = found,
        Some(_) => {}
        None => matches.push(found),
    }
}

/// Splits a name into the text outside brackets and the texts inside them.
fn split_brackets(name: &str) -> (String, Vec<String>) {
    let (mut base, mut inner, mut depth) = (String::new(), Vec::new(), 0_u32);
    for c in name.chars() {
        match c {
            '(' | '[' | '【' | '〔' | '<' => {
                depth += 1;
                inner.push(String::new());
            }
            ')' | ']' | '】' | '〕' | '>' => depth = depth.saturating_sub(1),
            _ if depth > 0 => inner.last_mut().into_iter().for_each(|text| text.push(c)),
            _ => base.push(c),
        }
    }
    (base, inner)
}

/// Returns the readings of a name: both halves of `姓名/Name`, and each script alone.
fn list_forms(name: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    for part in name.split(['/', '\\', '|', '\n', '、']) {
        let han: String = part.chars().filter(|c| is_han(*c)).collect();
        let latin: String = part.chars().map(|c| if is_han(c) { ' ' } else { c }).collect();
        if !han.is_empty() {
            forms.push(Form::Han(han));
        }
        let tokens = split_tokens(&latin);
        // 课程ID means 课程编号.
        if let (Some(Form::Han(han)), [code]) = (forms.last_mut(), tokens.as_slice())
            && ["id", "no", "code"].contains(&code.as_str())
            && part.chars().any(is_han)
        {
            han.push_str("编号");
            continue;
        }
        if !tokens.is_empty() {
            forms.push(Form::Latin(tokens));
        }
    }
    forms
}

pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '〇' | '\u{20000}'..='\u{323AF}')
}

/// Matches a form alone and combined with the headings above it, as `Code` under `Course`.
fn match_in_context(form: &Form, context: &[Form]) -> Vec<Match> {
    let alone = match_form(form);
    let generic = is_generic(form);
    let (mut found, mut owned) = (Vec::new(), false);
    for above in context.iter().filter(|above| !is_wrapper(above)) {
        let joined = match (above, form) {
            (Form::Latin(above), Form::Latin(leaf)) => {
                Form::Latin(above.iter().map(|t| to_singular(t)).chain(leaf.clone()).collect())
            }
            (Form::Han(above), Form::Han(leaf)) => Form::Han(format!("{}{leaf}", bare_context(above))),
            _ => continue,
        };
        let together = match_form(&joined);
        owned |= generic;
        found.extend(together.into_iter().filter(|m| m.score >= STRIPPED - 5 || generic));
        if generic {
            break;
        }
    }
    // `course.name` is not a person's name.
    let most = if owned { 40 } else { EXACT };
    alone.into_iter().map(|m| Match { score: m.score.min(most), ..m }).chain(found).collect()
}

fn to_singular(token: &str) -> String {
    token.strip_suffix('s').filter(|t| t.len() > 3).unwrap_or(token).to_owned()
}

/// Returns whether a name means nothing without the heading above it.
fn is_generic(form: &Form) -> bool {
    match form {
        Form::Latin(tokens) => tokens.iter().all(|t| {
            [
                "name", "code", "id", "title", "no", "key", "value", "text", "date", "time", "score", "xm", "mc", "dm",
                "bh",
            ]
            .contains(&t.as_str())
        }),
        Form::Han(text) => {
            ["名称", "编号", "代码", "编码", "标题", "全称", "时间", "日期", "号码", "名字"].contains(&text.as_str())
        }
    }
}

/// Headings that add nothing to the name below them.
const WRAPPERS: &str = "data item items record records row rows info detail details base basic attributes fields field \
    properties body content list result results values object extra ext extensions main summary d t";

/// Returns whether a heading adds nothing to the name below it.
fn is_wrapper(form: &Form) -> bool {
    match form {
        Form::Latin(tokens) => tokens.iter().all(|t| WRAPPERS.split_whitespace().any(|w| w == t)),
        Form::Han(text) => bare_context(text).is_empty(),
    }
}

/// Removes filler words from a heading, so that `课程信息` becomes `课程`.
fn bare_context(text: &str) -> String {
    ["基本信息", "信息", "情况", "资料", "基本", "数据", "内容", "部分"]
        .iter()
        .fold(text.to_owned(), |t, end| t.replace(end, ""))
}

/// Returns whether a name refers to a person other than the teacher.
fn names_another_person(base: &str, above: &[String]) -> bool {
    const OTHERS: &str = "校长 任课 授课 主讲 班主任 联系人 负责人 填表 填报 审核 导师 专家 辅导 坊主 管理员 操作 录入 经办 推荐 家长 领导 指导 讲师 助教 签发 紧急";
    const LATIN: &str = "principal instructor lecturer tutor operator mentor headmaster trainer speaker coach \
        auditor reviewer approver creator facilitator manager expert contact advisor presenter";
    // A name such as 审核时间 contains a person's role but is about something else; its other words decide.
    let person = |word: &str| {
        ["名", "人", "教师", "老师", "证", "身份", "电话", "手机"].iter().any(|end| word.contains(end))
            || word.chars().count() <= 3
    };
    let han = |word: &str| OTHERS.split_whitespace().any(|o| word.contains(o));
    let latin = |word: &str| split_tokens(word).iter().any(|t| LATIN.split_whitespace().any(|l| l == t));
    let measured = |word: &str| {
        split_tokens(word).iter().any(|t| {
            ["time", "date", "at", "status", "state", "hours", "hour", "minutes", "days", "score", "period"]
                .contains(&t.as_str())
        })
    };
    (han(base) && person(base)) || (latin(base) && !measured(base)) || above.iter().any(|word| han(word) || latin(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best_meanings(words: &[&str]) -> Vec<Meaning> {
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        let matches = read_name(&words).matches;
        let most = matches.first().map_or(0, |m| m.score);
        matches.into_iter().filter(|m| m.score + 5 >= most).map(|m| m.meaning).collect()
    }

    #[test]
    fn names_mean_what_they_say() {
        let field = Meaning::Field;
        for (words, meaning) in [
            (&["姓 名"][..], field(Field::Name)),
            (&["学员信息", "姓名"], field(Field::Name)),
            (&["*教师身份证号码："], field(Field::IdNumber)),
            (&["校长姓名"], Meaning::OtherPerson),
            (&["任课教师"], Meaning::OtherPerson),
            (&["course", "instructor", "name"], Meaning::OtherPerson),
            (&["SFZJH"], field(Field::IdNumber)),
            (&["kcmc"], field(Field::CourseTitle)),
            (&["T_KCMC"], field(Field::CourseTitle)),
            (&["xingming"], field(Field::Name)),
            (&["Course", "Code"], field(Field::CourseCode)),
            (&["course", "name"], field(Field::CourseTitle)),
            (&["teacher", "name"], field(Field::Name)),
            (&["课程信息", "名称"], field(Field::CourseTitle)),
            (&["credentialNo"], field(Field::IdNumber)),
            (&["学习时长/分钟"], field(Field::Hours)),
            (&["finishTime"], field(Field::PeriodEnd)),
            (&["手机号"], Meaning::Phone),
            (&["审核时间"], Meaning::IssueDate),
            (&["schoolName"], Meaning::SchoolName),
            (&["姓名/Name"], field(Field::Name)),
        ] {
            assert_eq!(best_meanings(words).first(), Some(&meaning), "{words:?}");
        }
    }

    #[test]
    fn short_initials_have_several_meanings() {
        assert!(
            best_meanings(&["XS"]).len() > 1 && best_meanings(&["DJ"]).len() > 1,
            "{:?} {:?}",
            best_meanings(&["XS"]),
            best_meanings(&["DJ"])
        );
        assert!(best_meanings(&["JSSJ"]).contains(&Meaning::Field(Field::PeriodEnd)));
        assert!(best_meanings(&["JSSJ"]).contains(&Meaning::Phone));
    }
}
