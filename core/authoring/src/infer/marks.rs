//! Converts scores that are not out of one hundred.

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
/// Names of a column that holds the full mark.
const FULL: &str = "满分 fullscore fullmark maxscore scoremax scorefull totalmark totalmarks";

/// A full mark, and whether the sample states it.
#[derive(Debug, Clone, Copy)]
struct StatedFullMark {
    mark: u32,
    is_stated: bool,
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
        }
    }

    /// Finds the full mark in the name, as in `成绩（满分150分）`, in a separate column, or from the numbers.
    fn find_full_mark(&self, at: usize) -> Option<StatedFullMark> {
        let stated = |mark: u32| StatedFullMark { mark, is_stated: true };
        let number = |text: &str| text.parse::<u32>().ok().filter(|mark| (1..=1_000).contains(mark));
        let in_name = self.names[at].inner.iter().find_map(|text| {
            let text = text.trim();
            let digits = text.trim_start_matches(['满', '总', '分', ':', '：', ' ']);
            let marked = digits.len() < text.len() || digits.ends_with('分');
            number(digits.trim_end_matches('分').trim()).filter(|_| marked)
        });
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
        match in_name.or(beside) {
            Some(mark) => Some(stated(mark)),
            None if facts.numbers < 90 || facts.distinct < 4 || facts.filled < 8 => None,
            // Among this many teachers, someone would have scored more than ten of a hundred points.
            None => match facts.high {
                1..=100 => Some(seems(1)),
                101..=1_000 => Some(seems(10)),
                _ => None,
            },
        }
    }
}
