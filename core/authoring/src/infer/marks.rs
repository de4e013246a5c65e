//! Scores that are not out of a hundred, and how they are told out of a hundred.

use crate::infer::candidates::Columns;
use crate::infer::guess::{Evidence, Question};
use crate::infer::settle::Settled;
use crate::infer::terms::Meaning;
use huiliu_manifest::Field;
use huiliu_values::text::scaled;

/// What a manifest can map that is told out of a hundred.
const SCORES: [Field; 4] = [Field::ScoreTotal, Field::ScoreLearning, Field::ScoreActivity, Field::ScoreArtefact];
/// The most that is said of a score whose full mark only its numbers tell.
const BY_NUMBERS: u32 = 62;
/// Names of a column that holds the full mark.
const FULL: &str = "满分 fullscore fullmark maxscore scoremax scorefull totalmark totalmarks";

/// A full mark, and whether something says so.
#[derive(Debug, Clone, Copy)]
struct Full {
    mark: u32,
    is_stated: bool,
}

impl Columns<'_> {
    /// Scores of another full mark are scaled where each of them becomes a plain number, else left out and asked about.
    pub fn marks(&self, settled: &mut Settled) {
        let scores: Vec<&str> = SCORES.iter().map(|field| field.as_str()).collect();
        let mut left_out = Vec::new();
        for guess in settled.fields.iter_mut().filter(|guess| scores.contains(&guess.field)) {
            let Some(at) = self.table.columns.iter().position(|c| c.path == guess.path) else { continue };
            let Some(full) = self.full_mark(at).filter(|full| full.mark != 100) else { continue };
            let exact =
                self.table.columns[at].values.iter().flatten().all(|t| scaled(t.trim(), 100, full.mark).is_some());
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

    /// By the name, as `成绩（满分150分）`, by a column that says it, or by the numbers.
    fn full_mark(&self, at: usize) -> Option<Full> {
        let stated = |mark: u32| Full { mark, is_stated: true };
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
        let seems = |mark: u32| Full { mark, is_stated: false };
        match in_name.or(beside) {
            Some(mark) => Some(stated(mark)),
            None if facts.numbers < 90 || facts.distinct < 4 || facts.filled < 8 => None,
            // Of so many teachers one had more than ten points of a hundred.
            None => match facts.high {
                1..=100 => Some(seems(1)),
                101..=1_000 => Some(seems(10)),
                _ => None,
            },
        }
    }
}
