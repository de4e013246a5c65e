//! Converts scores that are not out of one hundred.

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization as _;

use crate::infer::candidates::Columns;
use crate::infer::guess::{Evidence, Question};
use crate::infer::settle::Settled;
use crate::infer::terms::Meaning;
use huiliu_manifest::Field;
use huiliu_values::text::scale_decimal;

/// Fields that a manifest maps as scores out of one hundred.
const SCORES: [Field; 4] = [Field::ScoreTotal, Field::ScoreLearning, Field::ScoreActivity, Field::ScoreArtefact];
/// Highest confidence for a score whose full mark is inferred only from its numbers.
const BY_NUMBERS: u32 = 62;
/// Full marks above a hundred that somebody may have meant.
const LARGE_MARKS: [u32; 8] = [110, 120, 150, 200, 300, 500, 750, 1_000];
/// From this many scores on, somebody would have more than twenty of a hundred points.
const FEW_SCORES: usize = 4;
/// Names of a column that holds the full mark.
const FULL: &str = "满分 fullscore fullmark maxscore scoremax scorefull totalmark totalmarks";

/// Names of a column that holds a total, which is the full mark if it is the same for all.
const TOTALS: &str = "总分 卷面总分 试卷总分 zf totalscore total";
/// The pass mark by which the rules decide.
const PASS_MARK: u32 = 60;
/// Names of a column that holds the pass mark.
const PASS_MARKS: &str = "合格线 及格线 通过线 合格分 及格分 合格分数 及格分数 合格分数线 及格分数线 passscore passmark passline passingscore";

/// A full mark, and whether the sample states it.
#[derive(Debug, Clone, Copy)]
pub(super) struct StatedFullMark {
    pub mark: u32,
    pub is_stated: bool,
}

impl Columns<'_> {
    /// Scales scores with another full mark if every one of them converts exactly; otherwise leaves the field out and
    /// asks.
    pub fn scale_scores(&self, settled: &mut Settled) {
        let scores: Vec<&str> = SCORES.iter().map(|field| field.as_str()).collect();
        let mut left_out = Vec::new();
        for guess in settled.fields.iter_mut().filter(|guess| scores.contains(&guess.field)) {
            let Some(at) = self.table.columns.iter().position(|c| c.path == guess.path) else { continue };
            let Some(full) = self.find_full_mark(at).filter(|full| full.mark != 100) else { continue };
            let exact = self.table.columns[at]
                .values
                .iter()
                .flatten()
                .all(|t| scale_decimal(t.trim(), 100, full.mark).is_some());
            if exact {
                guess.full_mark = Some(full.mark);
                guess.evidence.push(Evidence::OutOf { full: full.mark });
            } else {
                left_out.push(at);
            }
            if !full.is_stated || !exact {
                guess.confidence = guess.confidence.min(BY_NUMBERS);
                settled.questions.push(Question::FullMark { path: guess.path.clone(), full: full.mark, exact });
            }
        }
        for at in left_out {
            settled.meanings[at] = Some(Meaning::OtherScore);
            let path = &self.table.columns[at].path;
            settled.fields.retain(|guess| guess.path != *path || !scores.contains(&guess.field));
            // Whoever answers how many points it is out of says that it is the score.
            settled.questions.retain(|question| !matches!(question, Question::Rival { path: of, .. } if of == path));
        }
    }

    /// Asks about scores of two scales in one column, as two offices write them into the sheets of one workbook.
    pub fn ask_scales(&self, settled: &mut Settled) {
        let Some(path) = settled.mapped_path(Field::ScoreTotal) else { return };
        let is_scaled = settled.fields.iter().any(|guess| guess.path == path && guess.full_mark.is_some());
        let Some(column) = self.table.columns.iter().find(|column| column.path == path && !is_scaled) else { return };
        let numbers = column.values.iter().flatten().filter_map(|text| text.trim().parse::<f64>().ok());
        // Nobody's zero is of another scale.
        let given: Vec<f64> = numbers.filter(|number| *number > 0.0).collect();
        let of = |range: std::ops::Range<f64>| given.iter().copied().filter(move |number| range.contains(number));
        let lows = of(0.0..10.001).count();
        let is_shared = lows >= 2 || lows * FEW_SCORES >= given.len() && lows > 0;
        let has_gap = of(10.001..30.0).next().is_none() && of(50.001..f64::MAX).next().is_some();
        if is_shared && has_gap {
            let low = of(0.0..10.001).fold(0.0, f64::max).to_string();
            let high = given.iter().copied().fold(0.0, f64::max).to_string();
            settled.questions.push(Question::Scales { path, low, high });
        }
    }

    /// Asks about a pass mark that the sample states, if it is not that of the rules.
    pub fn ask_pass_mark(&self, settled: &mut Settled) {
        let Some(path) = settled.mapped_path(Field::ScoreTotal) else { return };
        let own = self.table.columns.iter().find(|column| column.path == path);
        let in_column = self.table.columns.iter().find_map(|column| {
            let leaf: String = column.words.last()?.chars().filter(|c| c.is_alphanumeric()).collect();
            let is_mark = PASS_MARKS.split_whitespace().any(|word| leaf.to_lowercase() == word);
            let text = column.values.iter().flatten().find(|text| text.trim().parse() != Ok(PASS_MARK))?;
            is_mark.then(|| format!("{leaf} {}", text.trim()))
        });
        let in_text = || {
            let leaf = own.and_then(|column| column.words.last()).into_iter();
            leaf.chain(&self.table.notes).find_map(|text| find_pass_mark(text))
        };
        if let Some(note) = in_column.or_else(in_text) {
            settled.questions.push(Question::PassMark { note });
        }
    }

    /// Finds the full mark in the name, in a separate column, or from the numbers.
    fn find_full_mark(&self, at: usize) -> Option<StatedFullMark> {
        let stated = |mark: u32| StatedFullMark { mark, is_stated: true };
        let number = |text: &str| text.parse::<u32>().ok().filter(|mark| (1..=1_000).contains(mark));
        let in_name = self.table.columns[at].words.last().and_then(|leaf| find_mark_in_name(leaf));
        let facts = &self.facts[at];
        let beside =
            (0..self.facts.len()).filter(|other| *other != at && self.facts[*other].distinct == 1).find_map(|other| {
                let column = &self.table.columns[other];
                let leaf: String = column.words.last()?.chars().filter(|c| c.is_alphanumeric()).collect();
                let is_full = FULL.split_whitespace().any(|word| leaf.to_lowercase() == word);
                let text = column.values.iter().flatten().next()?;
                number(text.trim_end_matches(".0")).filter(|_| is_full)
            });
        let seems = |mark: u32| StatedFullMark { mark, is_stated: false };
        // A total that is the same for all, and that nobody exceeds.
        let totals = || {
            let all = (0..self.facts.len()).filter(|other| *other != at && self.facts[*other].distinct == 1);
            all.filter(|other| self.facts[*other].filled >= FEW_SCORES).find_map(|other| {
                let column = &self.table.columns[other];
                let leaf: String = column.words.last()?.chars().filter(|c| c.is_alphanumeric()).collect();
                let is_total = TOTALS.split_whitespace().any(|word| leaf.to_lowercase() == word);
                let mark = number(column.values.iter().flatten().next()?.trim_end_matches(".0"))?;
                (is_total && mark % 10 == 0 && i64::from(mark) * 100 >= facts.high).then(|| seems(mark))
            })
        };
        let noted = || self.table.notes.iter().find_map(|note| find_mark_in_note(note)).map(seems);
        match in_name.or(beside.map(stated)).or_else(totals).or_else(noted) {
            Some(found) => Some(found),
            None if facts.numbers < 90 => None,
            // Somebody would have more than ten of a hundred points.
            None => match facts.high {
                1..=100 => Some(seems(1)),
                101..=500 => Some(seems(5)),
                501..=1_000 => Some(seems(10)),
                1_001..=2_000 if facts.filled >= FEW_SCORES => Some(seems(20)),
                2_001..=5_000 if facts.filled >= FEW_SCORES => Some(seems(50)),
                2_001..=10_000 => None,
                high => LARGE_MARKS.into_iter().find(|mark| i64::from(*mark) * 100 >= high).map(seems),
            },
        }
    }
}

/// Names of a full mark, as in `成绩（满分150分）`, `score /120` and `max 10`: the name states it.
static STATED: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    compile(&[
        r"(?:满分|总分|满)(?:为|是|:|=)*([0-9]{1,4})",
        r"[(\[]([0-9]{1,4})分[)\]]",
        r"(?:max|outof|fullmarks?|fullscore)[.:=]?([0-9]{1,4})",
        r"/([0-9]{1,4})分?[)\]]?$",
    ])
});
/// Names of a scale, as in `成绩（五分制）` and `成绩(0-10)`: whether it is converted in proportion is asked.
static SCALES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    compile(&[r"([0-9]{1,3}|[百十五四三六七八九二]+)(?:分|级|点)制", r"[(\[]0(?:-|~|至|到|–|—)([0-9]{1,4})分?[)\]]"])
});

fn compile(patterns: &[&str]) -> Vec<Regex> {
    patterns.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect()
}

/// Finds the full mark that a title or a remark states: `成绩满分为120分`.
fn find_mark_in_note(note: &str) -> Option<u32> {
    static NOTED: LazyLock<Vec<Regex>> = LazyLock::new(|| compile(&[r"满分(?:为|是|:|=)*([0-9]{2,4})"]));
    let text: String = note.nfkc().filter(|c| !c.is_whitespace()).collect();
    let found = NOTED.iter().find_map(|pattern| pattern.captures(&text))?;
    found.get(1)?.as_str().parse().ok().filter(|mark| (1..=1_000).contains(mark))
}

/// Finds a pass mark in a text, if it is not that of the rules: `75分合格`, `合格线80分`, `成绩(≥80合格)`.
fn find_pass_mark(text: &str) -> Option<String> {
    static STATED: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        compile(&[
            r"([0-9]{2,3})分?(?:\(含\)|\(含本数\)|含|及|或|以上|起)*(?:者|的|为|算|即|,|，)*(?:合格|及格|通过)",
            r"(?:合格|及格|通过)(?:分数|成绩)?(?:线|标准|分)(?:为|是|:|：|=)*([0-9]{2,3})",
        ])
    });
    let text: String = text.nfkc().filter(|c| !c.is_whitespace()).take(500).collect();
    let found = STATED.iter().find_map(|pattern| pattern.captures(&text))?;
    (found.get(1)?.as_str().parse() != Ok(PASS_MARK)).then(|| found[0].to_owned())
}

/// Finds the full mark in a column's name.
pub(super) fn find_mark_in_name(leaf: &str) -> Option<StatedFullMark> {
    let text: String = leaf.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    let first = |patterns: &[Regex]| {
        let found = patterns.iter().find_map(|pattern| pattern.captures(&text))?;
        let mark = match found.get(1)?.as_str() {
            "百" | "一百" => 100,
            "二十" => 20,
            "十" => 10,
            "九" => 9,
            "八" => 8,
            "七" => 7,
            "六" => 6,
            "五" => 5,
            "四" => 4,
            "三" => 3,
            "二" => 2,
            digits => digits.parse().ok()?,
        };
        (1..=1_000).contains(&mark).then_some(mark)
    };
    let is_stated = |is_stated: bool| move |mark: u32| StatedFullMark { mark, is_stated };
    first(&STATED).map(is_stated(true)).or_else(|| first(&SCALES).map(is_stated(false)))
}

/// Returns the ratio by which a score out of a full mark becomes one out of a hundred.
pub(super) fn scale_ratio(full: u32) -> String {
    if full == 1 { "100".to_owned() } else { format!("100/{full}") }
}
