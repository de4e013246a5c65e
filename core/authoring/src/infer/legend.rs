//! What a header or a remark says about the codes of a result: `是否合格（0是1否）`, `0为合格，1为不合格`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization as _;

use crate::infer::candidates::{Columns, MIN_TELLING_SCORE};
use crate::infer::doubts;
use crate::infer::guess::Question;
use crate::infer::settle::Settled;
use crate::infer::terms::Meaning;
use huiliu_manifest::Field;

/// A code and its meaning.
static PAIR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let word = "不合格|不及格|未通过|不通过|合格|及格|通过|优秀|良好|是|否";
    Regex::new(&format!("([0-9a-d])(?:[-—:=、.]|是|为|表示|代表|即)*?({word})")).ok()
});

/// Finds the meanings of codes in a text, and whether each is `excellent`, `pass` or `fail`. `is_negated`: whether a yes says
/// that the teacher has not passed.
pub(super) fn find_legend(text: &str, is_negated: bool) -> BTreeMap<String, &'static str> {
    let Some(pair) = PAIR.as_ref() else { return BTreeMap::new() };
    let text: String = text.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).take(500).collect();
    let stands_alone = |at: usize| !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '%'));
    let mut legend = BTreeMap::new();
    for found in pair.captures_iter(&text).filter(|found| found.get(0).is_some_and(|whole| stands_alone(whole.start())))
    {
        let verdict = match (&found[2], is_negated) {
            ("优秀", _) => "excellent",
            ("合格" | "及格" | "通过" | "良好", _) | ("是", false) | ("否", true) => "pass",
            _ => "fail",
        };
        legend.insert(found[1].to_owned(), verdict);
    }
    if legend.len() > 1 { legend } else { BTreeMap::new() }
}

impl Columns<'_> {
    /// Asks about a column of codes to which its name or a remark gives a meaning that is not the usual one.
    pub fn ask_legend(&self, settled: &mut Settled) {
        let is_result = |at: &usize| {
            settled.meanings[*at] == Some(Meaning::Field(Field::Result))
                || self.names[*at].score_for(Meaning::Field(Field::Result)) >= MIN_TELLING_SCORE
        };
        let candidates = (0..self.facts.len()).filter(|at| !self.table.columns[*at].twin);
        for at in candidates.filter(is_result) {
            let column = &self.table.columns[at];
            let leaf = column.words.last().map(String::as_str).unwrap_or_default();
            let is_negated = doubts::is_negated(&leaf.replace(|c: char| c.is_ascii_digit(), "").to_lowercase());
            let is_told = |text: &str| {
                let legend = find_legend(text, is_negated && text != leaf);
                let is_code = |text: &String| legend.contains_key(&text.trim().to_lowercase());
                let is_usual = |(code, verdict): (&String, &&str)| {
                    matches!((code.as_str(), *verdict), ("1", "pass") | ("0", "fail"))
                };
                !legend.is_empty() && column.values.iter().flatten().all(is_code) && !legend.iter().all(is_usual)
            };
            let notes = std::iter::once(leaf).chain(self.table.notes.iter().map(String::as_str));
            if let Some(note) = notes.into_iter().find(|note| is_told(note)) {
                settled.questions.push(Question::Legend { path: column.path.clone(), note: note.to_owned() });
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::find_legend;

    #[test]
    fn legends_are_told_from_other_numbers() {
        for (text, zero, one) in [
            ("是否合格（0是1否）", Some("pass"), Some("fail")),
            ("注：考核结果0为合格，1为不合格", Some("pass"), Some("fail")),
            ("0-通过 1-未通过", Some("pass"), Some("fail")),
            ("状态(1:合格 0:不合格)", Some("fail"), Some("pass")),
            ("60分合格，90分优秀", None, None),
            ("成绩80合格", None, None),
            ("2015年是否合格", None, None),
        ] {
            let legend = find_legend(text, false);
            assert_eq!((legend.get("0").copied(), legend.get("1").copied()), (zero, one), "{text}");
        }
    }
}
