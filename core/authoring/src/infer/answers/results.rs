//! The answers to questions about results and scores.

use huiliu_manifest::Field;

use super::{Answer, AnswerContext, map_line, stream_line};
use crate::infer::candidates::MIN_TELLING_SCORE;
use crate::infer::content;
use crate::infer::doubts;
use crate::infer::legend::find_legend;
use crate::infer::marks;
use crate::infer::names;
use crate::infer::settle::masked_examples;
use crate::infer::table::Column;
use crate::infer::terms::Meaning;
use crate::infer::write::{levels_step, quote_string};

/// The full marks of scores that an answer can name.
const FULL_MARKS: [u32; 9] = [1, 5, 10, 20, 50, 100, 120, 150, 200];
/// Greatest score, in hundredths, that is of no scale of a hundred points.
const MAX_SMALL_SCORE: i64 = 1_000;
/// Length of a word of a result, in characters, and number of such words.
const MAX_VERDICT_CHARS: usize = 8;
const MAX_VERDICTS: usize = 8;

impl AnswerContext<'_> {
    /// Returns the scales that a score can have: the one that its name says, or each that its numbers fit.
    pub fn marks_of(&self, path: &str, full: u32) -> Vec<Answer> {
        let Some(column) = self.find_column(path) else { return vec![] };
        let high = content::count_facts(&column.values).high;
        let is_named = column.words.last().is_some_and(|leaf| marks::find_mark_in_name(leaf).is_some());
        let fits = |mark: &u32| !is_named && *mark != full && i64::from(*mark) * 100 >= high;
        let others = FULL_MARKS.into_iter().filter(fits);
        let scaled = |mark: u32| {
            let path = quote_string(path);
            let line = match mark {
                100 => path,
                mark => {
                    format!("{{ path = {path}, then = [{{ scale = {} }}] }}", quote_string(&marks::scale_ratio(mark)))
                }
            };
            let lines = vec![map_line("score_total", &line), stream_line("pass", "\"total\"")];
            Answer { value: mark.to_string(), lines }
        };
        std::iter::once(full).chain(others).map(scaled).collect()
    }

    /// Takes a column of numbers as the score; numbers up to ten are of a scale that somebody must say.
    fn score_of(&self, column: &Column) -> Option<Answer> {
        if content::count_facts(&column.values).high <= MAX_SMALL_SCORE {
            return None;
        }
        let mark = column.words.last().and_then(|leaf| marks::find_mark_in_name(leaf)).map_or(100, |found| found.mark);
        let answer = self.marks_of(&column.path, mark).into_iter().next()?;
        Some(Answer { value: column.path.clone(), ..answer })
    }

    /// Takes the codes of a column as its name or a remark explains them.
    pub fn result_by_legend(&self, path: &str, note: &str) -> Option<Answer> {
        let column = self.find_column(path)?;
        let leaf = column.words.last().map(|word| word.to_lowercase()).unwrap_or_default();
        let legend = find_legend(note, doubts::is_negated(&leaf) && note.to_lowercase() != leaf);
        let pair = |(code, verdict): (&String, &&str)| format!("{} = \"{verdict}\"", quote_string(code));
        let pairs: Vec<String> = legend.iter().map(pair).collect();
        let step = format!("{{ values = {{ values = {{ {} }} }} }}", pairs.join(", "));
        let line = format!("{{ path = {}, then = [{step}] }}", quote_string(path));
        let lines = vec![map_line("result", &line), stream_line("pass", "\"result\"")];
        Some(Answer { value: format!("{path}: {}", pairs.join(", ")), lines })
    }

    /// Takes the result of a second try where there is one, or that of the first alone.
    pub fn result_of_several(&self, path: &str, other: &str) -> Vec<Answer> {
        let words = |path: &str| {
            let column = self.find_column(path);
            column.into_iter().flat_map(|column| column.values.iter().flatten().map(|text| text.trim().to_owned()))
        };
        let all: Vec<String> = words(path).chain(words(other)).collect();
        let both = levels_step(&all).map(|step| {
            let (first, second) = (quote_string(other), quote_string(path));
            let line = map_line("result", &format!("{{ first_of = [{first}, {second}], then = [{step}] }}"));
            Answer { value: format!("{other}, {path}"), lines: vec![line, stream_line("pass", "\"result\"")] }
        });
        both.into_iter().chain(self.result_of(path)).collect()
    }

    /// Takes the score of a second try where there is one, or that of the first alone.
    pub fn score_of_several(&self, path: &str, other: &str) -> Vec<Answer> {
        let both = format!("{{ first_of = [{}, {}] }}", quote_string(other), quote_string(path));
        let of = |value: String, line: &str| Answer {
            value,
            lines: vec![map_line("score_total", line), stream_line("pass", "\"total\"")],
        };
        vec![of(format!("{other}, {path}"), &both), of(path.to_owned(), &quote_string(path))]
    }

    /// Takes a column as what decides that the teacher passed.
    pub fn result_of(&self, path: &str) -> Option<Answer> {
        let column = self.find_column(path)?;
        let mut words: Vec<String> = column.values.iter().flatten().map(|text| text.trim().to_owned()).collect();
        words.sort();
        words.dedup();
        let number = |word: &String| word.parse::<f64>().is_ok_and(|number| (0.0..=100.0).contains(&number));
        if !words.is_empty() && words.iter().all(number) {
            return self.score_of(column);
        }
        let leaf = column.words.last().map(|word| word.to_lowercase()).unwrap_or_default();
        let asks = names::read_name(&column.words).score_for(Meaning::Field(Field::Result)) >= MIN_TELLING_SCORE;
        // What a tick below 不合格 or 补考 means is the opposite of what it means elsewhere.
        let tells_itself = |word: &String| ["合格", "及格", "通过", "优", "良"].iter().any(|mark| word.contains(mark));
        if doubts::is_negated(&leaf) && !doubts::names_a_resit(&leaf) && !words.iter().all(tells_itself) {
            return None;
        }
        let says_nothing = |word: &String| content::is_yes_or_no(word);
        if words.iter().any(says_nothing) && (!asks || doubts::is_negated(&leaf)) {
            return None;
        }
        let step = match levels_step(&words) {
            Some(step) => step,
            // Numbers beside words are no result, and whoever reads 67/100 or 待审核 must say what it means.
            None if words.iter().any(|word| word.parse::<f64>().is_ok()) => return None,
            None => {
                let shown = masked_examples(Field::Result, column);
                let listed = |word: &&String| {
                    word.chars().count() <= MAX_VERDICT_CHARS && (words.len() <= MAX_VERDICTS || shown.contains(word))
                };
                let pairs: Vec<String> = words
                    .iter()
                    .filter(listed)
                    .filter_map(|word| Some(format!("{} = \"{}\"", quote_string(word), verdict_of(word)?)))
                    .collect();
                if pairs.is_empty() {
                    return None;
                }
                format!("{{ values = {{ values = {{ {} }} }} }}", pairs.join(", "))
            }
        };
        let value = format!("{{ path = {}, then = [{step}] }}", quote_string(path));
        Some(Answer {
            value: path.to_owned(),
            lines: vec![map_line("result", &value), stream_line("pass", "\"result\"")],
        })
    }
}

/// Returns what a word says about the result, if it says so by itself: a letter, a number or 待审核 does not.
fn verdict_of(word: &str) -> Option<&'static str> {
    let word = word.trim().to_lowercase();
    let begins = |marks: &[&str]| marks.iter().any(|mark| word.starts_with(mark));
    let is_open = ["待", "审核", "进行", "正在", "申请"].iter().any(|mark| word.contains(mark));
    if is_open {
        None
    } else if begins(&["优秀", "优等", "excellent"]) || word == "优" {
        Some("excellent")
    } else if begins(&[
        "不合格",
        "不及格",
        "不通过",
        "未",
        "没",
        "缺",
        "缓",
        "差",
        "×",
        "✗",
        "fail",
        "unqualified",
        "not ",
    ]) {
        Some("fail")
    } else if begins(&[
        "合格",
        "及格",
        "通过",
        "良",
        "中等",
        "已通过",
        "已合格",
        "已完成",
        "已结业",
        "结业",
        "√",
        "✓",
        "pass",
        "qualified",
        "complete",
        "good",
    ]) {
        Some("pass")
    } else {
        None
    }
}
