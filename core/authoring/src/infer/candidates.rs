//! Rates every column as everything it could be, each with a confidence.

use crate::infer::content::{self, Facts};
use crate::infer::doubts;
use crate::infer::fit::{self, BY_CONTENT, ColumnContext, Fit};
use crate::infer::guess::{Evidence, REQUIRED};
use crate::infer::names::{self, Name};
use crate::infer::relate::{self, ColumnRelation, Order, Sum};
use crate::infer::table::Table;
use crate::infer::terms::Meaning;
use crate::infer::unit;
use huiliu_manifest::{Field, Unit};

/// From this score on, a name tells what a column is.
pub(super) const MIN_TELLING_SCORE: u32 = 60;
/// At most this many columns of people are searched for in titles.
const PEOPLE: usize = 8;
/// With fewer records than `FEW`, confidence is capped at `WITH_FEW`.
const FEW: usize = 2;
const WITH_FEW: u32 = 84;

/// One possible meaning of one column.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub column: usize,
    pub meaning: Meaning,
    pub confidence: u32,
    /// Tie-breaker between equal confidences; the higher wins.
    preference: u32,
    pub evidence: Vec<Evidence>,
}

/// What was read and counted for every column.
pub(super) struct Columns<'t> {
    pub table: &'t Table,
    pub names: Vec<Name>,
    pub facts: Vec<Facts>,
    pub beside: Vec<ColumnRelation>,
    /// How each column of hours relates to the others.
    pub sums: Vec<Sum>,
}

impl<'t> Columns<'t> {
    /// Reads and counts a table's columns.
    pub fn new(table: &'t Table) -> Self {
        let names: Vec<Name> = table.columns.iter().map(|c| names::read_name(&c.words)).collect();
        let facts: Vec<Facts> = table.columns.iter().map(|c| content::count_facts(&c.values)).collect();
        let said = |at: usize| names.get(at).map_or(0, |n| n.score_for(Meaning::Field(Field::IdNumber)));
        let ids = (0..facts.len()).filter(|at| facts[*at].ids >= 50).max_by_key(|at| (said(*at), facts[*at].ids));
        let beside = relate::relate_to_ids(table, ids);
        let amounts = [Meaning::Field(Field::Hours), Meaning::PlannedHours, Meaning::Credit];
        let hours: Vec<usize> = (0..facts.len())
            .filter(|at| facts[*at].numbers >= 90 && amounts.iter().any(|m| names[*at].score_for(*m) >= 30))
            .collect();
        let sums = relate::find_sums(table, &hours);
        Self { table, names, facts, beside, sums }
    }

    /// Returns every column as everything it could be, most confident first.
    pub fn list_candidates(&self) -> Vec<Candidate> {
        let mut all: Vec<Candidate> =
            (0..self.table.columns.len()).flat_map(|column| self.column_candidates(column)).collect();
        all.sort_by_key(|c| std::cmp::Reverse((c.confidence, c.preference)));
        all
    }

    fn column_candidates(&self, column: usize) -> Vec<Candidate> {
        let name = &self.names[column];
        let mut meanings: Vec<(Meaning, u32)> =
            name.matches.iter().filter(|m| m.score >= 30).map(|m| (m.meaning, m.score)).collect();
        // Valid check digits identify ID numbers, whatever the column is called.
        let id = Meaning::Field(Field::IdNumber);
        let another = name.matches.first().is_some_and(|m| m.meaning == Meaning::OtherPerson);
        if self.facts[column].ids >= 85 && !another && name.score_for(id) < 45 {
            meanings.retain(|(meaning, _)| *meaning != id);
            meanings.push((id, 0));
        }
        if name.matches.first().is_none_or(|m| m.score < MIN_TELLING_SCORE) {
            let unsaid = BY_CONTENT
                .iter()
                .filter(|m| !meanings.iter().any(|(said, score)| said == *m && (*score >= 45 || *said == id)));
            meanings.extend(unsaid.map(|m| (*m, 0)).collect::<Vec<_>>());
        }
        // Two dates in each cell are the ends of a period, whatever the column is called.
        if self.facts[column].periods >= 90 && name.score_for(Meaning::Period) < MIN_TELLING_SCORE {
            meanings.retain(|(meaning, _)| *meaning != Meaning::Period);
            meanings.push((Meaning::Period, MIN_TELLING_SCORE));
        }
        // A 总评 column that contains words of a result is a result, although elsewhere the name means a score.
        let result = Meaning::Field(Field::Result);
        let scored = name.matches.first().is_some_and(|m| m.meaning == Meaning::Field(Field::ScoreTotal));
        if scored && self.facts[column].graded >= 90 && name.score_for(result) < MIN_TELLING_SCORE {
            meanings.retain(|(meaning, _)| *meaning != result);
            meanings.push((result, MIN_TELLING_SCORE));
        }
        meanings.into_iter().filter_map(|(meaning, score)| self.rate_candidate(column, meaning, score)).collect()
    }

    fn rate_candidate(&self, column: usize, meaning: Meaning, score: u32) -> Option<Candidate> {
        let facts = &self.facts[column];
        if facts.filled == 0 {
            return None;
        }
        // Reject yes/no values unless the name asks for a result, and a negated question, which is not a result.
        let result = meaning == Meaning::Field(Field::Result);
        if result && (self.is_negated(column) || score < 45 && facts.graded < 60) {
            return None;
        }
        // 单位 is the school, but not where the texts are units of time.
        let schools = [Meaning::SchoolName, Meaning::Institution, Meaning::Field(Field::SchoolCode)];
        if schools.contains(&meaning)
            && self.table.columns[column].values.iter().flatten().all(|text| unit::unit_of_word(text).is_some())
        {
            return None;
        }
        // 某人提交的培训备案 is not a course title.
        let titles = [Field::CourseTitle, Field::CourseCode, Field::ProjectTitle].map(Meaning::Field);
        if titles.contains(&meaning) && self.names_people(column) {
            return None;
        }
        let (fit, seen) = fit::judge_fit(meaning, self.build_around(column, meaning));
        // Without a matching name, accept only content that looks like nothing else.
        if score < 45 && fit < Fit::Good {
            return None;
        }
        let mut evidence: Vec<Evidence> = self.name_evidence(column, meaning).into_iter().chain(seen).collect();
        let mut confidence = fit::combined_confidence(score, fit);
        let best = self.names[column].matches.first().filter(|m| m.meaning != meaning).map_or(0, |m| m.score);
        // The name matches another meaning more strongly.
        if best >= score + 15 && score > 0 {
            confidence = confidence.saturating_sub((best - score) / 2);
        }
        if self.table.rows < FEW {
            confidence = confidence.min(WITH_FEW);
            evidence.push(Evidence::FewRecords { records: self.table.rows });
        }
        if meaning == Meaning::Field(Field::Hours) {
            match self.sums[column] {
                Sum::Whole => confidence = confidence.max(fit::combined_confidence(MIN_TELLING_SCORE, fit)),
                Sum::Part => confidence = confidence.saturating_sub(25),
                Sum::Neither => {}
            }
        }
        if facts.fill < 60 && matches!(meaning, Meaning::Field(f) if REQUIRED.contains(&f)) {
            confidence = confidence.saturating_sub(15);
            evidence.push(Evidence::Gaps { percent: 100 - facts.fill });
        }
        let preference = self.compute_preference(column, meaning, score);
        Some(Candidate { column, meaning, confidence, preference, evidence })
    }

    /// Returns whether most of its texts contain the name of the person in another column of the same row.
    fn names_people(&self, column: usize) -> bool {
        let texts = &self.table.columns[column].values;
        let mut people = (0..self.facts.len()).filter(|at| *at != column && self.facts[*at].people >= 60).take(PEOPLE);
        people.any(|at| {
            let names = &self.table.columns[at].values;
            let named = |(text, name): &(&Option<String>, &Option<String>)| {
                text.as_deref().zip(name.as_deref()).is_some_and(|(t, n)| t != n && t.contains(n))
            };
            texts.iter().zip(names).filter(named).count() * 10 >= self.table.rows * 9
        })
    }

    /// Returns whether another column has the same name, with the word for the start where this one has the word for
    /// the end.
    fn has_start_column(&self, column: usize) -> bool {
        let name = |at: usize| self.table.columns[at].words.concat().to_lowercase();
        let own = name(column);
        let pairs =
            [("结束", "开始"), ("结束", "起始"), ("end", "start"), ("end", "begin"), ("止", "起"), ("to", "from")];
        let begins: Vec<String> =
            pairs.iter().filter(|(end, _)| own.contains(end)).map(|(end, begin)| own.replace(end, begin)).collect();
        (0..self.facts.len()).any(|at| at != column && begins.contains(&name(at)))
    }

    /// Returns whether the name asks for the opposite of passing, as 是否补考 does.
    fn is_negated(&self, column: usize) -> bool {
        let leaf = self.table.columns[column].words.last().map(|word| word.to_lowercase()).unwrap_or_default();
        doubts::is_negated(&leaf)
    }

    fn name_evidence(&self, column: usize, meaning: Meaning) -> Option<Evidence> {
        let found = self.names[column].matches.iter().find(|m| m.meaning == meaning && m.score >= 30)?;
        let word = found.word.to_owned();
        Some(match found.score {
            _ if found.initials => Evidence::Initials { word },
            90.. => Evidence::Named { word },
            _ => Evidence::NamedLike { word },
        })
    }

    /// Computes what decides between columns that could be the same field.
    fn compute_preference(&self, column: usize, meaning: Meaning, score: u32) -> u32 {
        let name: String = self.table.columns[column].words.concat().to_lowercase();
        let has = |words: &[&str]| u32::from(words.iter().any(|word| name.contains(word)));
        let more = match meaning {
            // Granted hours count, not hours watched.
            Meaning::Field(Field::Hours) => {
                let granted = has(&[
                    "认定", "获得", "实得", "折算", "核定", "授予", "award", "earn", "取得", "完成", "gain", "obtain",
                    "get", "actual", "有效", "complete",
                ]);
                let class_hours =
                    u32::from(self.names[column].unit.is_some_and(|stated| stated.unit == Unit::ClassHour));
                // A value that is the same for everyone is what the course is worth.
                let varied = u32::from(self.facts[column].distinct > 1);
                granted * 40 + class_hours * 20 + varied * 10
            }
            Meaning::Field(Field::PeriodEnd) => {
                let said = has(&["结业", "完成", "finish", "complet", "结束", "end", "jssj", "jsrq", "wcsj"]);
                said * 20 + u32::from(self.has_start_column(column)) * 15
            }
            Meaning::Field(Field::ScoreTotal) => has(&["总", "综合", "final", "total", "最终", "结业"]) * 20,
            _ => 0,
        };
        score + more
    }

    fn build_around(&self, column: usize, meaning: Meaning) -> ColumnContext<'_> {
        let values = |at: usize| self.table.columns[at].values.as_slice();
        let orders = |wanted: Field| -> Vec<Order> {
            let others = (0..self.facts.len()).filter(|at| *at != column && self.facts[*at].dates >= 80);
            let said = others.filter(|at| self.names[*at].score_for(Meaning::Field(wanted)) >= MIN_TELLING_SCORE);
            said.map(|at| relate::compare_order(values(column), values(at))).collect()
        };
        let (starts, ends, reversed) = match meaning {
            Meaning::Field(Field::PeriodStart) => {
                let orders = orders(Field::PeriodEnd);
                (orders.contains(&Order::Before), false, orders.contains(&Order::After))
            }
            Meaning::Field(Field::PeriodEnd) => {
                let orders = orders(Field::PeriodStart);
                (false, orders.contains(&Order::After), orders.contains(&Order::Before))
            }
            _ => (false, false, false),
        };
        let partner = match meaning {
            Meaning::Field(Field::CourseCode) => Some(Field::CourseTitle),
            Meaning::Field(Field::CourseTitle) => Some(Field::CourseCode),
            Meaning::Field(Field::ProjectCode) => Some(Field::ProjectTitle),
            Meaning::Field(Field::ProjectTitle) => Some(Field::ProjectCode),
            _ => None,
        };
        let paired = partner.is_some_and(|field| {
            let said = (0..self.facts.len())
                .filter(|at| *at != column && self.names[*at].score_for(Meaning::Field(field)) >= MIN_TELLING_SCORE);
            let repeats = self.facts[column].distinct < self.facts[column].filled && self.facts[column].distinct > 1;
            repeats && said.into_iter().any(|at| relate::are_paired(values(column), values(at)))
        });
        ColumnContext {
            facts: &self.facts[column],
            beside: &self.beside[column],
            rows: self.table.rows,
            starts,
            ends,
            reversed,
            paired,
        }
    }
}
