//! What can be told of the columns that no name and no content told: the only one of its kind, codes beside titles, the
//! unit beside the hours.

use crate::infer::candidates::Columns;
use crate::infer::content;
use crate::infer::guess::{Evidence, FieldGuess, Piece, Question, UNSURE, UnitGuess};
use crate::infer::relate::{self, Order};
use crate::infer::settle::{Settled, examples};
use crate::infer::terms::Meaning;
use crate::infer::unit::{self, StatedUnit};
use huiliu_manifest::Field;

/// What is said of days that are cut out of one cell.
const CUT: u32 = 86;
/// What is said of codes that only go with the course's titles.
const PAIRED_CODE: u32 = 66;
/// Digits of seconds since 1970.
const SECONDS: usize = 10;
/// A name from here on means nothing else.
const SURELY: u32 = 85;
/// What is said of the only column of its kind.
const ONLY_ONE: u32 = 55;
/// What a column of units is called.
const UNIT_NAMES: &str = "unit hourunit hoursunit durationunit timeunit hour_unit duration_unit time_unit units";

impl Columns<'_> {
    /// The only column of days is the last day, and the only one of titles is the course's, if nothing else is.
    pub fn only_one_left(&self, settled: &mut Settled) {
        let free = |at: &usize| {
            matches!(settled.meanings[*at], None | Some(Meaning::Version)) && !self.table.columns[*at].twin
        };
        let all = || 0..self.facts.len();
        // When a record was changed is no day of a training, unless its name could mean that too.
        let days: Vec<usize> = all()
            .filter(|at| self.names[*at].score(Meaning::Version) < SURELY)
            .filter(|at| self.facts[*at].dates >= 90 && self.facts[*at].length >= 8 && !self.beside[*at].births)
            // Ten digits are as often a code as seconds.
            .filter(|at| self.facts[*at].written_dates >= 50 || self.facts[*at].length != SECONDS)
            .collect();
        let title = |at: &usize| {
            let facts = &self.facts[*at];
            facts.han >= 80
                && facts.length >= 5
                && facts.distinct < facts.filled
                && facts.distinct > 1
                && facts.schools < 30
                && facts.people < 30
        };
        // 科目 is the school's subject as often as the course.
        let open = |at: &usize| free(at) || settled.meanings[*at] == Some(Meaning::Subject);
        let titles: Vec<usize> = all().filter(|at| title(at) && open(at)).collect();
        let mut found = Vec::new();
        if let ([day], None) = (days.as_slice(), settled.mapped(Field::PeriodEnd))
            && free(day)
        {
            found.push((Field::PeriodEnd, *day, Evidence::Dates));
        }
        // Of two columns of days in order the first is the first day.
        if let ([one, other], None) = (days.as_slice(), settled.mapped(Field::PeriodEnd)) {
            let values = |at: usize| self.table.columns[at].values.as_slice();
            let (start, end) = match relate::order(values(*one), values(*other)) {
                Order::Before => (Some(*one), Some(*other)),
                Order::After => (Some(*other), Some(*one)),
                Order::Mixed => (None, None),
            };
            let start = start.filter(|_| settled.mapped(Field::PeriodStart).is_none());
            found.extend(start.filter(free).map(|at| (Field::PeriodStart, at, Evidence::InOrder)));
            found.extend(end.filter(free).map(|at| (Field::PeriodEnd, at, Evidence::InOrder)));
        }
        let course = settled
            .mapped(Field::CourseTitle)
            .or(settled.mapped(Field::CourseCode))
            .or(settled.mapped(Field::ProjectTitle));
        if let ([title], None) = (titles.as_slice(), course) {
            found.push((Field::CourseTitle, *title, Evidence::Titles));
        }
        for (field, at, seen) in found {
            let column = &self.table.columns[at];
            let (path, evidence) = (column.path.clone(), vec![seen, Evidence::OnlyOne]);
            settled.questions.push(Question::Unsure {
                field: field.as_str(),
                path: path.clone(),
                confidence: ONLY_ONE,
            });
            let examples = examples(field, column);
            settled.fields.push(FieldGuess {
                field: field.as_str(),
                path,
                confidence: ONLY_ONE,
                evidence,
                examples,
                piece: None,
                full_mark: None,
                joined: None,
            });
        }
    }

    /// First and last day in one cell are cut, if every cell is cut the same way.
    pub fn period(&self, settled: &mut Settled) {
        if settled.mapped(Field::PeriodEnd).is_some() {
            return;
        }
        let periods = (0..self.facts.len()).filter(|at| settled.meanings[*at] == Some(Meaning::Period));
        let cut = periods.filter_map(|at| Some((at, content::separator(&self.table.columns[at].values)?))).next();
        let Some((at, mark)) = cut else { return };
        let column = &self.table.columns[at];
        for (field, take) in [(Field::PeriodStart, 1), (Field::PeriodEnd, 2)] {
            if settled.mapped(field).is_none() && !column.twin {
                settled.fields.push(FieldGuess {
                    field: field.as_str(),
                    path: column.path.clone(),
                    confidence: CUT,
                    evidence: vec![Evidence::Periods],
                    examples: examples(field, column),
                    piece: Some(Piece { at: mark.to_owned(), take }),
                    full_mark: None,
                    joined: None,
                });
            }
        }
    }

    /// A column of codes that goes with the course's titles one by one is its code, whatever it is called.
    pub fn paired_code(&self, settled: &mut Settled) {
        let title =
            settled.mapped(Field::CourseTitle).and_then(|path| self.table.columns.iter().position(|c| c.path == path));
        let (Some(title), None) = (title, settled.mapped(Field::CourseCode)) else { return };
        let pairs = |at: &usize| {
            let (facts, column) = (&self.facts[*at], &self.table.columns[*at]);
            let repeats = facts.distinct > 1 && facts.distinct < facts.filled && facts.codes >= 90 && facts.dates < 50;
            repeats
                && !column.twin
                && settled.meanings[*at].is_none()
                && relate::paired(&column.values, &self.table.columns[title].values)
        };
        let codes: Vec<usize> = (0..self.facts.len()).filter(pairs).collect();
        if let [at] = codes.as_slice() {
            let column = &self.table.columns[*at];
            settled.meanings[*at] = Some(Meaning::Field(Field::CourseCode));
            settled.fields.push(FieldGuess {
                field: Field::CourseCode.as_str(),
                path: column.path.clone(),
                confidence: PAIRED_CODE,
                evidence: vec![Evidence::Codes, Evidence::Paired],
                examples: examples(Field::CourseCode, column),
                piece: None,
                full_mark: None,
                joined: None,
            });
        }
    }

    /// The course's title serves as its code where there is none.
    pub fn course_code(&self, settled: &mut Settled) {
        if settled.mapped(Field::CourseCode).is_some() {
            return;
        }
        let titled = |field: Field, most: u32| {
            settled.fields.iter().find(|g| g.field == field.as_str()).cloned().map(|g| (g, most))
        };
        // A programme without courses is a course.
        if let Some((mut code, most)) = titled(Field::CourseTitle, 90).or_else(|| titled(Field::ProjectTitle, 64)) {
            code.field = Field::CourseCode.as_str();
            code.confidence = code.confidence.saturating_sub(5).min(most);
            code.evidence.push(Evidence::TitleAsCode);
            settled.fields.push(code);
        }
    }

    /// The unit of the hours.
    pub fn unit(&self, settled: &mut Settled) {
        let Some(path) = settled.mapped(Field::Hours) else { return };
        let Some(at) = self.table.columns.iter().position(|c| c.path == path) else { return };
        let facts = &self.facts[at];
        let guess = unit::guess(self.names[at].unit.or_else(|| self.stated_beside(&path)), facts);
        match guess {
            Some(StatedUnit { unit, confidence }) if confidence >= UNSURE => {
                let suffix = facts.unit.as_ref().map(|(_, text)| text.clone());
                if confidence < 70 {
                    settled.questions.push(Question::Unit { path });
                }
                settled.unit = Some(UnitGuess { unit, confidence, suffix });
            }
            _ => settled.questions.push(Question::Unit { path }),
        }
    }

    /// The unit that a column of its own states, as `duration.@unit`.
    fn stated_beside(&self, path: &str) -> Option<StatedUnit> {
        let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
        let beside = self.table.columns.iter().filter(|column| {
            let (above, leaf) = column.path.rsplit_once('.').unwrap_or(("", &column.path));
            let leaf = leaf.trim_start_matches('@').to_lowercase();
            (above == path || above == parent) && UNIT_NAMES.split_whitespace().any(|name| name == leaf)
        });
        beside.filter_map(|column| unit::of_all(&column.values)).map(|unit| StatedUnit { unit, confidence: 92 }).next()
    }
}
